"""What can stand beside a type in Annotated[...]: a default, limits, choices, and hints for number widgets."""

from __future__ import annotations

from dataclasses import dataclass


class Default:
    def __init__(self, value=None, *, generator=None) -> None:
        self._made_by = generator if generator is not None else lambda: value

    @property
    def value(self):
        return self._made_by()


class Validator:
    """Base class of limits, also of a module's own: `validate` raises ValueError."""

    def validate(self, value) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no validate()")


@dataclass
class Minimum(Validator):
    minimum: float

    def validate(self, value) -> None:
        if value < self.minimum:
            raise ValueError(f"{value!r} is below the minimum {self.minimum}")


@dataclass
class Maximum(Validator):
    maximum: float

    def validate(self, value) -> None:
        if value > self.maximum:
            raise ValueError(f"{value!r} is above the maximum {self.maximum}")


@dataclass
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value!r} is outside {self.minimum} to {self.maximum}")


@dataclass
class Choice(Validator):
    choices: list

    def validate(self, value) -> None:
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


@dataclass
class Exclude(Validator):
    excludedValues: list

    def validate(self, value) -> None:
        if value in self.excludedValues:
            raise ValueError(f"{value!r} is excluded")


@dataclass
class Decimals:
    value: int


@dataclass
class SingleStep:
    value: float
