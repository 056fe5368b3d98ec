"""Whole volumes: exact for a voxel-wise model, same in memory and in slabs, stoppable, alive when memory is short."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.mapped_files import keep_mapped_files
from torch import nn

from DualSSLSegLib.errors import BadInput, OutOfMemory, RunFailed, Stopped
from DualSSLSegLib.inference.accumulator import remove_scratch
from DualSSLSegLib.inference.sliding_window import predict
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.networks.output import NetworkOutput

PATCH = (32, 48, 16)


class VoxelWise:
    """logits = weight x + bias at every voxel: what surrounds a voxel can make no difference."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight = torch.as_tensor(weight, dtype=torch.float32)
        self.bias = torch.as_tensor(bias, dtype=torch.float32)
        self.batches: list[int] = []

    def __call__(self, x: torch.Tensor) -> NetworkOutput:
        self.batches.append(x.shape[0])
        logits = torch.einsum("kc,bcxyz->bkxyz", self.weight, x) + self.bias[:, None, None, None]
        bottleneck = nn.functional.avg_pool3d(x, 16)
        return NetworkOutput(logits, x, bottleneck)


def softmax(weight, bias, image):
    logits = np.einsum("kc,cxyz->kxyz", weight, image.astype(np.float64)) + bias[:, None, None, None]
    e = np.exp(logits - logits.max(0))
    return e / e.sum(0)


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    return [VoxelWise(random.normal(size=(3, 2)), random.normal(size=3)) for _ in range(2)]


def an_image(shape, dtype=np.float32):
    return np.random.default_rng(1).normal(size=(2, *shape)).astype(dtype)


def run(image, networks, **settings):
    settings = {"patch_size": PATCH, "num_classes": 3, "device": "cpu", "one_window_up_to": 0.0, **settings}
    return predict(image, networks, **settings)


@pytest.mark.parametrize("shape", [(70, 90, 33), (32, 48, 16), (20, 61, 7), (1, 1, 1), (33, 49, 17)])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_voxel_wise_linear_model_is_reproduced_exactly(pair, shape, batch):
    image = an_image(shape)
    found = run(image, pair, batch=batch)
    assert found.probabilities.shape == (2, 3, *shape)
    assert found.probabilities.dtype == np.float32
    for p, network in zip(found.probabilities, pair, strict=True):
        np.testing.assert_allclose(p, softmax(network.weight.numpy(), network.bias.numpy(), image), atol=2e-6)


def test_the_single_window_of_a_small_volume_gives_the_same_numbers(pair):
    image = an_image((35, 51, 20))
    one = run(image, pair, one_window_up_to=10.0)
    assert one.windows == 1
    np.testing.assert_allclose(one.probabilities, run(image, pair).probabilities, atol=2e-6)


def test_mirror_images_change_nothing_for_a_voxel_wise_model_and_symmetrise_a_real_one(pair):
    image = an_image((40, 50, 20))
    np.testing.assert_allclose(
        run(image, pair, flip_axes=(0, 1, 2)).probabilities, run(image, pair).probabilities, atol=2e-6
    )
    torch.manual_seed(0)
    network = build("vnet", in_channels=2, num_classes=3, width=2, norm="instance")
    volume = an_image((32, 48, 16))
    plain = run(volume, [network], flip_axes=(0,)).probabilities
    mirrored = run(volume[:, ::-1].copy(), [network], flip_axes=(0,)).probabilities
    np.testing.assert_allclose(mirrored[:, :, ::-1], plain, atol=1e-5)


def test_slabs_on_disk_give_what_memory_gives(pair, tmp_path):
    image = an_image((101, 60, 33))
    whole = run(image, pair, batch=2)
    slabs = run(image, pair, batch=2, memory_limit_bytes=10_000, scratch_folder=tmp_path / "scratch")
    assert isinstance(slabs.probabilities, np.memmap)
    assert slabs.probabilities.dtype == np.float16
    np.testing.assert_allclose(slabs.probabilities, whole.probabilities, atol=6e-4)
    np.testing.assert_allclose(slabs.embedding, whole.embedding, atol=1e-6)
    assert slabs.scratch_file is not None and slabs.scratch_file.exists()
    slabs.discard()
    assert not list((tmp_path / "scratch").iterdir())


def test_a_scratch_file_is_no_longer_mapped_when_it_is_removed(pair, tmp_path, monkeypatch):
    removed, refused = keep_mapped_files(monkeypatch)
    prediction = run(an_image((33, 49, 17)), pair, memory_limit_bytes=0, scratch_folder=tmp_path)
    assert [float(p.sum(dtype=np.float64)) > 0 for p in prediction.probabilities] == [True, True]
    prediction.discard()
    run(an_image((33, 49, 17)), pair, memory_limit_bytes=0, scratch_folder=tmp_path).discard()
    assert len(removed) == 2 and not refused and not list(tmp_path.iterdir())
    prediction.discard()  # once more changes nothing


def test_a_scratch_file_that_somebody_still_holds_is_left_for_later(pair, tmp_path, monkeypatch):
    _, refused = keep_mapped_files(monkeypatch)
    prediction = run(an_image((33, 49, 17)), pair, memory_limit_bytes=0, scratch_folder=tmp_path)
    held = prediction.probabilities[0]
    prediction.discard()
    remove_scratch(tmp_path)
    assert len(refused) == 2 and held.shape == (3, 33, 49, 17) and len(list(tmp_path.iterdir())) == 1
    del held
    remove_scratch(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_image_larger_than_memory_is_read_window_by_window(pair, tmp_path):
    image = an_image((64, 50, 20), np.float16)
    np.save(tmp_path / "image.npy", image)
    mapped = np.load(tmp_path / "image.npy", mmap_mode="r")
    np.testing.assert_array_equal(run(mapped, pair).probabilities, run(image, pair).probabilities)


def test_a_stop_is_obeyed_between_windows_and_leaves_no_file(pair, tmp_path):
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Stopped):
        run(
            an_image((80, 60, 33)),
            pair,
            should_stop=should_stop,
            memory_limit_bytes=1,
            scratch_folder=tmp_path,
        )
    assert sum(pair[0].batches) == 4  # windows in two batches
    assert not list(tmp_path.iterdir())


class ShortOfMemory(VoxelWise):
    """Runs out of memory above a number of voxels in one call."""

    def __init__(self, network: VoxelWise, voxels: int, error: Exception) -> None:
        super().__init__(network.weight.numpy(), network.bias.numpy())
        self.voxels, self.error = voxels, error

    def __call__(self, x):
        if x[:, 0].numel() > self.voxels:
            raise self.error
        return super().__call__(x)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_when_memory_runs_out_batches_and_then_windows_become_smaller(pair, error):
    image = an_image((70, 90, 33))
    expected = run(image, pair).probabilities
    heard = []
    network = ShortOfMemory(pair[0], 32 * 32 * 16, error)
    found = run(image, [network], batch=4, report=lambda kind, **fields: heard.append((kind, fields)))
    np.testing.assert_allclose(found.probabilities[0], expected[0], atol=2e-6)
    assert found.window == (32, 32, 16)
    texts = [fields["text"] for kind, fields in heard if kind == "warning"]
    assert "one window at a time" in texts[0] and "32 x 32 x 16" in texts[1]
    assert [fields for kind, fields in heard if kind == "progress"][-1]["step"] == found.windows


def test_when_nothing_smaller_is_left_the_error_says_what_to_do(pair):
    with pytest.raises(OutOfMemory, match=r"32 x 32 x 16 voxels .*more memory"):
        run(an_image((40, 50, 20)), [ShortOfMemory(pair[0], 10, MemoryError())])


def test_an_error_of_another_kind_is_not_taken_for_missing_memory(pair):
    with pytest.raises(RuntimeError, match="shapes differ"):
        run(an_image((40, 50, 20)), [ShortOfMemory(pair[0], 10, RuntimeError("shapes differ"))])


def test_networks_in_training_are_evaluated_and_left_as_they_were():
    torch.manual_seed(0)
    network = build("vnet", in_channels=2, num_classes=3, width=2, norm="batch", dropout=0.5)
    network.train()
    network.blocks[0].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    image = an_image((32, 48, 16))
    first, second = run(image, [network]), run(image, [network])
    np.testing.assert_array_equal(first.probabilities, second.probabilities, "dropout must be off")
    assert network.training and network.head_dropout.training and not network.blocks[0].training
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    network(torch.zeros(1, 2, 32, 32, 32)).logits.sum().backward()  # still trainable


@pytest.mark.parametrize("names", [("resvnet", "vnet"), ("short_resvnet",)])
def test_bfloat16_convolutions_still_give_float32_probabilities_that_add_up(names):
    torch.manual_seed(0)
    networks = [build(name, in_channels=1, num_classes=3, width=2, norm="instance") for name in names]
    size = (32, 48, 32)  # on some processors torch errs in bfloat16 where strides leave a single plane
    exact, rough = (
        run(an_image(size)[:1], networks, patch_size=size, precision=precision)
        for precision in ("float32", "bfloat16")
    )
    assert rough.probabilities.dtype == np.float32
    np.testing.assert_allclose(rough.probabilities.sum(1), 1, atol=1e-5)
    assert np.abs(rough.probabilities - exact.probabilities).mean() < 0.01


class Marked(VoxelWise):
    """Class 1 where channel 0 is above 0; the bottleneck is the share of bright and of dark channel 1 per cell."""

    def __init__(self) -> None:
        super().__init__(np.array([[0.0, 0], [50, 0], [0, 0]]), np.array([0.0, 0, -99]))

    def __call__(self, x):
        output = super().__call__(x)
        bright = nn.functional.avg_pool3d(x[:, 1:], 16)
        return output._replace(bottleneck=torch.cat([bright, 1 - bright], 1))


def test_the_embedding_looks_at_the_predicted_structure_and_at_everything_when_there_is_none():
    image = np.zeros((2, 64, 32, 32), np.float32)
    image[0] = -1
    image[1, :16] = 1  # the bright quarter
    nothing = run(image, [Marked()], patch_size=(64, 32, 32)).embedding
    assert nothing.shape == (2,)
    np.testing.assert_allclose(nothing, np.array([1, 3]) / np.sqrt(10), atol=1e-5)
    image[0, 4:8, 10:14, 10:14] = 1  # the structure lies in the bright quarter
    np.testing.assert_allclose(run(image, [Marked()], patch_size=(64, 32, 32)).embedding, [1, 0], atol=1e-6)
    image[0, 4:8] = -1
    image[0, 14:16, 10:14, 10:14] = 1  # 2 planes and their rim of 3: planes 11..18, 5 bright and 3 dark
    found = run(image, [Marked()], patch_size=(64, 32, 32)).embedding
    np.testing.assert_allclose(found, np.array([5, 3]) / np.sqrt(34), atol=1e-5)


def test_padding_has_no_part_in_the_embedding():
    image = np.full((2, 10, 10, 10), -1, np.float32)
    image[1] = 1
    found = run(image, [Marked()], patch_size=(16, 16, 16))
    bright = 1000 / 16**3
    np.testing.assert_allclose(
        found.embedding, np.array([bright, 1 - bright]) / np.hypot(bright, 1 - bright), atol=1e-5
    )


@pytest.mark.parametrize("settings", [{}, {"memory_limit_bytes": 1}])
def test_a_network_that_answers_with_nan_never_becomes_a_prediction(pair, tmp_path, settings):
    pair[0].weight[0, 0] = float("nan")
    with pytest.raises(RunFailed, match="not numbers"):
        run(an_image((64, 50, 20)), pair, scratch_folder=tmp_path, **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num_classes": 4}, "label table"),
        ({"precision": "float8"}, "float8"),
        ({"flip_axes": (3,)}, "mirrored"),
        ({"batch": 0}, "batch"),
        ({"patch_size": (30, 30, 30)}, "multiple of 16"),
    ],
)
def test_wrong_words_and_numbers_are_refused(pair, settings, said):
    with pytest.raises(BadInput, match=said):
        run(an_image((40, 50, 20)), pair, **settings)


@pytest.mark.gpu
def test_the_gpu_gives_what_the_cpu_gives():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU here")
    torch.manual_seed(0)
    networks = [
        build(name, in_channels=1, num_classes=3, width=4, norm="instance")
        for name in ("short_resvnet", "vnet")
    ]
    image = an_image((70, 90, 40))[:1]
    cpu = run(image, networks)
    gpu = run(image, networks, device="cuda")
    np.testing.assert_allclose(gpu.probabilities, cpu.probabilities, atol=5e-3)
    np.testing.assert_allclose(gpu.embedding, cpu.embedding, atol=5e-3)
