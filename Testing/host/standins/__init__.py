"""Python files of Slicer's package that slicer-core does not bring, written anew: this folder joins slicer.__path__."""
