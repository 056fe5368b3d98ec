"""The door to 3D Slicer: what the module is called, and how its parts are put together.

Slicer reads this file at every start: nothing is imported at its top that takes time.
"""

import importlib.util
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

HERE = Path(__file__).resolve().parent
LIBRARY = "DualSSLSegLib"
PHANTOM_STUDY = "DualSSLSeg phantom study"
PHANTOM_SCANS = 10

# In a source checkout the library and the resources lie one folder up; installed, they lie beside this file.
if importlib.util.find_spec(LIBRARY) is None:
    sys.path.append(str(HERE if (HERE / LIBRARY).is_dir() else HERE.parent))


def resource_path(name: str) -> str:
    """The file of that name below Resources/, such as "UI/Study.ui"."""
    places = [folder / "Resources" / name for folder in (HERE, HERE.parent)]
    return str(next((place for place in places if place.exists()), places[0]))


class DualSSLSeg(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("DualSSLSeg")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["SegmentEditor", "Segmentations", "Volumes", "Markups", "Colors"]
        parent.contributors = [_("The DualSSLSeg contributors")]
        parent.helpText = _("""
<p>Label a few scans. Two different networks learn from them and from all unlabelled scans; every other scan then has a
prediction, a map of where it is uncertain, and a place in the list of what to review next, with the reason. Correct or
accept, train again, and segment whole folders at the end.</p>
<p>Everything stays on this computer, and training goes on when Slicer is closed.</p>
<p>This is research software and not a medical device.</p>
""")
        parent.acknowledgementText = _("""
<p>The training method follows two publications:
<a href="https://arxiv.org/abs/2505.17690">arXiv:2505.17690</a> and
<a href="https://arxiv.org/abs/2509.13084">arXiv:2509.13084</a>.</p>
""")
        parent.icon = qt.QIcon(resource_path("Icons/DualSSLSeg.png"))
        slicer.app.connect("startupCompleted()", register_sample_data)

    def resourcePath(self, filename):
        return resource_path(filename)


def register_sample_data():
    """Offer a generated study in the module Sample Data."""
    if not hasattr(slicer.modules, "sampledata"):
        return  # an application built on Slicer may go without
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="DualSSLSeg",
        sampleName=PHANTOM_STUDY,
        uris="",  # nothing is downloaded
        fileNames="",
        nodeNames=PHANTOM_STUDY,
        thumbnailFileName=resource_path("Icons/DualSSLSeg-128.png"),
        customDownloader=open_phantom_study,
    )


def open_phantom_study(_source=None):
    """Generate scans in the user's documents folder, unless they are there, and open them as a study."""
    from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

    documents = qt.QStandardPaths.writableLocation(qt.QStandardPaths.DocumentsLocation)
    folder = Path(documents) / PHANTOM_STUDY
    with slicer.util.tryWithErrorDisplay(_("The study could not be generated."), waitCursor=True):
        write_cohort(folder, PHANTOM_SCANS)
        if slicer.util.mainWindow() is not None:
            slicer.util.selectModule("DualSSLSeg")
        workbench = slicer.util.getModuleWidget("DualSSLSeg").workbench
        scans = folder / "images"
        if workbench.is_study(scans):
            workbench.open_study(scans)
        else:
            workbench.create_study(scans, STRUCTURES)


class DualSSLSegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's place in Slicer's window; what is seen there is made by the panel."""

    def __init__(self, parent=None):
        self.panel = self.workbench = self.logic = None  # before the base class, which may call setup()
        VTKObservationMixin.__init__(self)
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def setup(self):
        from DualSSLSegLib.loop.background import Threaded
        from DualSSLSegLib.panel.panel import Panel

        ScriptedLoadableModuleWidget.setup(self)
        self.logic = DualSSLSegLogic()  # what slicer.util.getModuleLogic hands to scripts
        self.workbench = new_workbench(Threaded())
        self.panel = Panel(self.workbench, self.layout, self.resourcePath)
        follow_scene(self, self.workbench)
        if self.parent.isEntered:  # the module was reloaded while it is on screen
            self.enter()

    def resourcePath(self, filename):
        return resource_path(filename)

    def enter(self):
        if self.panel is not None:
            self.panel.enter()

    def exit(self):
        if self.panel is not None:
            self.panel.exit()

    def cleanup(self):
        """Before the module is unloaded or reloaded and when Slicer quits. Training goes on.

        Labels are saved by the workbench, also when a widget that is half gone raises before.
        """
        self.removeObservers()
        parts = [part for part in (self.panel, self.workbench, self.logic) if part is not None]
        self.panel = self.workbench = self.logic = None
        with ExitStack() as all_of_them:
            for part in reversed(parts):
                all_of_them.callback(part.close)

    def onReload(self):
        self.cleanup()
        for name in [name for name in sys.modules if name.partition(".")[0] == LIBRARY]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class DualSSLSegLogic(ScriptedLoadableModuleLogic, VTKObservationMixin):
    """The panel's steps for scripts: `slicer.util.getModuleLogic("DualSSLSeg")`.

    Everything that can be asked of the workbench and every verb of it is an attribute here (`open_study`, `rows`,
    `open_next`, `submit`, `start_training`, ...). Verbs are done when they return, and raise what the panel would
    show as a message. A training runs by itself; `poll()` looks at how far it is.
    """

    def __init__(self, parent=None):
        VTKObservationMixin.__init__(self)
        ScriptedLoadableModuleLogic.__init__(self, parent)
        self._workbench = None

    @property
    def workbench(self):
        """The workbench behind the verbs; made when it is first asked for."""
        if self._workbench is None:
            from DualSSLSegLib.loop.background import Inline

            self._workbench = new_workbench(Inline())
            follow_scene(self, self._workbench)
        return self._workbench

    def close(self):
        """Save unfinished work and let the study go."""
        self.removeObservers()
        workbench, self._workbench = self._workbench, None
        if workbench is not None:
            workbench.close()

    def __getattr__(self, name):
        if name.startswith("_") or name == "workbench":
            raise AttributeError(name)
        return getattr(self.workbench, name)


def new_workbench(background):
    """A workbench whose labels carry the name of Slicer's user."""
    from DualSSLSegLib.workbench.author import author
    from DualSSLSegLib.workbench.workbench import Workbench

    return Workbench(background, author=author())


def follow_scene(owner, workbench):
    """Tell the workbench before and after the scene is closed, for as long as `owner` keeps its observers."""
    scene = slicer.mrmlScene
    owner.addObserver(scene, scene.StartCloseEvent, lambda _caller, _event: workbench.scene_closing())
    owner.addObserver(scene, scene.EndCloseEvent, lambda _caller, _event: workbench.scene_closed())


class DualSSLSegTest(ScriptedLoadableModuleTest):
    """What Slicer itself can try, without torch and without a network: Reload & Test, the self tests, ctest."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)
        self.loaded = set(sys.modules)
        self.temporary = tempfile.TemporaryDirectory(prefix="DualSSLSeg ")
        self.folder = Path(self.temporary.name)
        self.logic = DualSSLSegLogic()

    def tearDown(self):
        self.logic.close()
        self.temporary.cleanup()
        self.assertFalse({"torch", "monai", "nibabel"} & (set(sys.modules) - self.loaded))

    def runTest(self):
        for test in (self.test_label_and_go_on, self.test_review_needs_a_prediction):
            self.setUp()
            try:
                test()
            finally:
                self.tearDown()

    def create_study(self, scans):
        from DualSSLSegLib.demo.phantom import STRUCTURES, write_cohort

        write_cohort(self.folder, scans)
        self.logic.create_study(self.folder / "images", STRUCTURES)

    def test_label_and_go_on(self):
        """The reference label of a generated scan becomes a revision, and the next case opens."""
        self.delayDisplay(_("Labelling a case of a generated study"))
        logic = self.logic
        self.create_study(scans=3)
        self.assertEqual(len(logic.rows), 3)
        logic.open_next()
        first = logic.case
        reference = slicer.util.loadLabelVolume(str(self.folder / "labels" / f"{first}.nii.gz"), {})
        logic.use_segmentation(reference)
        drawn = logic.case_scene.label()
        self.assertEqual(set(drawn.ravel().tolist()), {0, 1, 2})
        logic.submit()
        self.assertNotIn(logic.case, (None, first))
        self.assertEqual([row.state for row in logic.rows if row.id == first], ["labelled"])
        logic.open_case(first)
        self.assertTrue((logic.case_scene.label() == drawn).all())

    def test_review_needs_a_prediction(self):
        """Before anything was trained there is nothing to review, and a script is told so."""
        from DualSSLSegLib.errors import DualSSLSegError

        self.delayDisplay(_("Asking for a review before there is a prediction"))
        self.create_study(scans=2)
        self.logic.open_next()
        with self.assertRaises(DualSSLSegError):
            self.logic.review()
