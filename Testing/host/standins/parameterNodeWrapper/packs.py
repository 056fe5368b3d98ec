"""@parameterPack: several parameters as one object; read from a node it writes every change back."""

from __future__ import annotations

from .parameter import Parameter, parameters_of

_bound_classes: dict[type, type] = {}


def isParameterPack(thing) -> bool:
    return getattr(thing, "_is_parameterPack", False)


def _member(parameter: Parameter) -> property:
    def read(self):
        return self.__dict__["_members"][parameter.name]

    def write(self, value) -> None:
        parameter.check(value)
        self.__dict__.setdefault("_members", {})[parameter.name] = value
        self._member_changed(parameter, value)

    return property(read, write)


def _split(cls_or_self, name: str) -> tuple[str, str]:
    top, _, rest = name.partition(".")
    if top not in cls_or_self.allParameters:
        raise ValueError(f"{cls_or_self!r} has no member '{top}'")
    return top, rest


class _PackMethods:
    _is_parameterPack = True
    allParameters: dict[str, Parameter]

    def _member_changed(self, parameter: Parameter, value) -> None:
        pass

    def getValue(self, membername: str):
        top, rest = _split(self, membername)
        value = getattr(self, top)
        return value.getValue(rest) if rest else value

    def setValue(self, membername: str, value) -> None:
        top, rest = _split(self, membername)
        if rest:
            getattr(self, top).setValue(rest, value)
        else:
            setattr(self, top, value)

    @classmethod
    def dataType(cls, membername: str):
        top, rest = _split(cls, membername)
        parameter = cls.allParameters[top]
        return parameter.kind.dataType(rest) if rest else parameter.hint

    def _fill(self) -> None:
        for parameter in self.allParameters.values():
            setattr(self, parameter.name, parameter.default)


def _initialize(self, *args, **kwargs) -> None:
    names = list(self.allParameters)
    if len(args) > len(names) or set(kwargs) - set(names) or set(kwargs) & set(names[: len(args)]):
        raise TypeError(f"{type(self).__name__}() takes each of {names} once")
    self._fill()
    for name, value in {**dict(zip(names, args, strict=False)), **kwargs}.items():
        setattr(self, name, value)


def _equal(self, other) -> bool:
    packs = isParameterPack(other) and other.allParameters is self.allParameters
    return packs and all(getattr(self, name) == getattr(other, name) for name in self.allParameters)


def parameterPack(cls: type | None = None):
    """Class decorator. Methods, a constructor of the class's own and @dataclass below it keep working."""
    if cls is None:
        return parameterPack
    parameters = parameters_of(cls)
    if not parameters:
        raise ValueError(f"{cls.__name__} has no typed members")
    for parameter in parameters.values():
        try:
            parameter.check(parameter.default)
        except (TypeError, ValueError) as mistake:
            raise ValueError(f"the default of {parameter.name} is not allowed: {mistake}") from mistake
        setattr(cls, parameter.name, _member(parameter))
    own_init = vars(cls).get("__init__")

    def init(self, *args, **kwargs) -> None:
        self._fill()
        own_init(self, *args, **kwargs)

    cls.__init__ = init if own_init is not None else _initialize
    if "__eq__" not in vars(cls):
        cls.__eq__ = _equal
        cls.__hash__ = None
    for name, value in vars(_PackMethods).items():
        if not name.startswith("__"):
            setattr(cls, name, value)
    cls.allParameters = parameters
    return cls


def bound_pack(parameter: Parameter, node, key: str):
    """The pack as it lies in the node under `key`; assigning a member writes it there."""
    pack_class = parameter.kind
    if pack_class not in _bound_classes:
        methods = {"_member_changed": _write_through, "__eq__": _equal, "__hash__": None}
        _bound_classes[pack_class] = type(pack_class.__name__, (pack_class,), methods)
    pack = object.__new__(_bound_classes[pack_class])
    pack.__dict__["_members"] = {
        member.name: member.read(node, f"{key}.{member.name}") for member in pack_class.allParameters.values()
    }
    pack.__dict__["_place"] = (node, key)
    return pack


def _write_through(self, parameter: Parameter, value) -> None:
    node, key = self.__dict__["_place"]
    parameter.write(node, f"{key}.{parameter.name}", value)
