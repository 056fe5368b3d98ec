"""What widgets that work on the scene by themselves need of it: the editor's node, what
the slice views show, and codes as Slicer writes them."""

from __future__ import annotations

from DualSSLSegLib.scene.editor_node import editor_node
from DualSSLSegLib.scene.terminology import codes_of, entry_of
from DualSSLSegLib.scene.views import show_layers

__all__ = ["codes_of", "editor_node", "entry_of", "show_layers"]
