"""What widgets that work on the scene by themselves need of it: the editor's node, and codes as Slicer writes them."""

from __future__ import annotations

from DualSSLSegLib.scene.editor_node import editor_node
from DualSSLSegLib.scene.terminology import codes_of, entry_of

__all__ = ["codes_of", "editor_node", "entry_of"]
