"""pip's output as a fraction and as a sentence."""

from __future__ import annotations

import pytest

from DualSSLSegLib.packages.pip_words import Progress, failure


@pytest.mark.parametrize(
    "line, words",
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("/usr/bin/python: No module named pip", "no pip"),
        (
            "ERROR: Cannot install torch because these package versions have conflicting dependencies.",
            "never changed",
        ),
        (
            "Failed to establish a new connection: [Errno -2] Name or service not known",
            "could not be reached",
        ),
        ("ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("ReadTimeoutError: Read timed out.", "broke off"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied",
            "may not be written",
        ),
        ("ERROR: something new", "something new"),
    ],
)
def test_a_failure_says_what_to_do(line: str, words: str) -> None:
    text, hint = failure(["Collecting torch", line], 1, offline=False)
    assert words in text and hint


def test_a_missing_package_means_something_else_offline() -> None:
    line = "ERROR: No matching distribution found for torch<3,>=2.5"
    assert "ready-made" in failure([line], 1, offline=False)[0]
    offline = failure([line], 1, offline=True)
    assert "folder of wheels lacks torch" in offline[0] and "Python version" in offline[1]


def test_the_fraction_grows_and_large_packages_count_for_more() -> None:
    progress = Progress(["filelock", "torch"])
    seen = []
    for line in (
        "  Downloading filelock-3.19.1-py3-none-any.whl (15 kB)",
        "Progress 15360 of 15360",
        "  Downloading torch-2.9.0-cp312-cp312-win_amd64.whl (109.3 MB)",
        "Progress 50 of 100",
        "Progress 100 of 100",
        "Installing collected packages: filelock, torch",
        "Successfully installed filelock-3.19.1 torch-2.9.0",
    ):
        progress.read(line)
        seen.append(progress.fraction)
    assert seen == sorted(seen) and seen[1] < 0.1 < seen[3] < seen[4] and seen[-1] == pytest.approx(0.8)
