"""A process that looks like 3D Slicer to a scripted module: Slicer's own core, and PySide6 with PythonQt's manners.

`application` is the door; the rest is imported by it. Nothing happens at import: `application.start()` does it.
"""
