"""slicer.parameterNodeWrapper for what choices are made of: text, numbers, paths, enums, nodes, packs of them.

Values lie in the vtkMRMLScriptedModuleNode exactly as Slicer writes them, so that scenes can be exchanged. Containers,
unions of plain types and generated widgets are not imitated and say so.
"""

from .constraints import (
    Choice,
    Decimals,
    Default,
    Exclude,
    Maximum,
    Minimum,
    SingleStep,
    Validator,
    WithinRange,
)
from .packs import isParameterPack, parameterPack
from .wrapper import SlicerParameterNamePropertyName, isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Exclude",
    "Maximum",
    "Minimum",
    "SingleStep",
    "SlicerParameterNamePropertyName",
    "Validator",
    "WithinRange",
    "isParameterNodeWrapper",
    "isParameterPack",
    "parameterNodeWrapper",
    "parameterPack",
]
