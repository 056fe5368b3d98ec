"""A process that looks like 3D Slicer to a scripted module: Slicer's compiled core below, PySide6 with PythonQt's manners above.

`application` is the door; the rest is imported by it. Nothing happens at import: `application.start()` does it.
"""
