"""Names by their origin: what does harm is told, what models are honestly made of is not."""

from __future__ import annotations

import io
import pickle

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fitprint.models.streams.names import Named, names_of
from fitprint.models.streams.origins import BY_VALUE, DANGEROUS, FRAMEWORK, STANDARD, USER, origin


def kind(text, frameworks=("sklearn",), own=()):
    module, _, name = text.partition(":")
    return origin(Named(module, name), frameworks, own)


DANGERS = """
    os:system posix:system nt:system builtins:exec builtins:eval builtins:compile builtins:__import__ builtins:open
    builtins:getattr builtins:setattr subprocess:Popen subprocess:check_output importlib:import_module runpy:run_path
    shutil:rmtree socket:socket ctypes:CDLL pty:spawn webbrowser:open operator:attrgetter operator:methodcaller
    io:open _io:open pathlib:Path.write_text pathlib:os marshal:loads pickle:loads timeit:timeit pydoc:pipepager
    code:InteractiveInterpreter pdb:run cProfile:run sys:modules asyncio:create_subprocess_shell
    collections:_sys.modules
    builtins:__loader__.load_module builtins:str.__class__ weakref:finalize tempfile:mktemp threading:Thread
    urllib.request:urlretrieve http.client:HTTPSConnection smtplib:SMTP types:DynamicClassAttribute
    logging.config:listen
    os.path:join uuid:getnode typing:get_type_hints enum:sys random:_os dataclasses:make_dataclass
""".split()  # noqa: SIM905

DISGUISED = """
    joblib.parallel:os.system sklearn.base:os sklearn.utils:_os.system numpy.lib:_sys numpy:__builtins__
    numpy.testing._private.utils:runstring numpy:os.path.join sklearn.utils.fixes:import_module numpy:exec
    sklearn:__loader__ cloudpickle.cloudpickle:builtins.exec mymodule:os.system mymodule:sh.Popen numpy:eval
    cloudpickle:subprocess joblib:hash.__globals__
""".split()  # noqa: SIM905

NESTED = """
    joblib:load joblib.numpy_pickle:load joblib.numpy_pickle:NumpyUnpickler numpy:load numpy:loadtxt numpy:fromfile
    numpy:memmap numpy.lib.npyio:NpzFile numpy.ctypeslib:load_library numpy.f2py.crackfortran:getlincoef
    numpy.f2py.crackfortran:myeval numpy.testing._private.utils:rundocs pandas:read_pickle pandas:eval
    pandas.core.frame:DataFrame.query pandas.core.computation.eval:Anything cloudpickle:loads dill:loads
    dill._dill:_import_module torch:load torch.storage:_load_from_bytes torch.serialization:load torch.hub:anything
    torch.jit.unsupported_tensor_ops:execWrapper torch.utils.collect_env:run_and_read_all
    torch.utils._config_module:ConfigModule.load_config torch._dynamo.guards:GuardBuilder.get
    torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression
    torch.utils.bottleneck.__main__:run_cprofile torch._inductor.codecache:compile_file
    keras.src.saving.serialization_lib:deserialize_keras_object keras.src.saving:KerasSaveable._unpickle_model
    pip:main requests.api:get aiohttp.client:ClientSession _pyrepl.pager:pipe_pager distutils.file_util:write_file
    test.support.script_helper:assert_python_ok mlflow.pyfunc:load_model fitprint:load_model
""".split()  # noqa: SIM905
"""Loaders of nested pickles, and evaluators, of the kinds that scanners of pickles say they once missed."""

HONEST = """
    numpy._core.multiarray:_reconstruct numpy.random._pickle:__bit_generator_ctor numpy.ma.core:_mareconstruct
    pandas._libs.internals:_unpickle_block pandas._libs.tslibs.timestamps:_unpickle_timestamp
    pandas.core.indexes.base:_new_Index scipy.sparse._csr:csr_matrix sklearn.metrics._scorer:_PredictScorer
    sklearn._loss._loss:__pyx_unpickle_CyHalfSquaredError sklearn.feature_selection._univariate_selection:f_classif
    pyarrow.lib:_restore_array torch._utils:_rebuild_tensor_v2 torch:FloatStorage
    sklearn.utils._metadata_requests:MetadataRequest
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", NESTED)
def test_loaders_of_nested_pickles_and_evaluators_are_dangerous(name):
    assert kind(name, frameworks=("torch", "keras")) == DANGEROUS


@pytest.mark.parametrize("name", HONEST)
def test_what_models_are_made_of_is_not(name):
    assert kind(name, frameworks=("sklearn", "torch")) == FRAMEWORK


def test_functions_of_the_user_s_may_be_called_as_they_like():
    for name in ("mymodule:load_words", "__main__:eval_rmse"):
        assert kind(name) == USER
        assert kind(name, own=("mymodule",)) == USER


@pytest.mark.parametrize("name", DANGERS + DISGUISED)
def test_what_does_harm_is_dangerous(name):
    assert kind(name) == DANGEROUS
    assert kind(name, frameworks=("os", "mymodule"), own=("os", "numpy", "mymodule")) == DANGEROUS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sklearn.pipeline:Pipeline", FRAMEWORK),
        ("numpy._core.multiarray:_reconstruct", FRAMEWORK),
        ("numpy:ndarray", FRAMEWORK),
        ("numpy.random.mtrand:RandomState.normal", FRAMEWORK),
        ("joblib.numpy_pickle:NumpyArrayWrapper", FRAMEWORK),
        ("mlflow.pyfunc.model:PythonModel", FRAMEWORK),
        ("collections:OrderedDict", STANDARD),
        ("datetime:datetime", STANDARD),
        ("copyreg:_reconstructor", STANDARD),
        ("copyreg:__newobj__", STANDARD),
        ("builtins:set", STANDARD),
        ("functools:partial", STANDARD),
        ("_codecs:encode", STANDARD),
        ("pathlib:PosixPath", STANDARD),
        ("array:_array_reconstructor", STANDARD),
        ("random:Random", STANDARD),
        ("decimal:Decimal", STANDARD),
        ("os:", STANDARD),
        ("json:", STANDARD),
        ("subprocess:", DANGEROUS),
        ("ctypes:", DANGEROUS),
        ("mymodule:Model", USER),
        ("__main__:Model", USER),
        ("lightgbm.sklearn:LGBMClassifier", USER),
        ("types:CodeType", BY_VALUE),
        ("cloudpickle.cloudpickle:_make_function", BY_VALUE),
        ("cloudpickle.cloudpickle:subimport", BY_VALUE),
        (":(a name that is computed while unpickling)", DANGEROUS),
    ],
)
def test_kinds(name, expected):
    assert kind(name) == expected


def test_what_a_package_brings_itself_is_user_code_whatever_it_is_called():
    assert kind("sklearn.pipeline:Pipeline", own=("sklearn",)) == USER
    assert kind("collections:OrderedDict", own=("collections",)) == USER
    assert kind("cloudpickle.cloudpickle:_make_function", own=("cloudpickle",)) == USER


@pytest.mark.process
@pytest.mark.newest
def test_models_of_scikit_learn_are_made_of_nothing_dangerous():
    rows, target = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 5.0]] * 10, [0, 1, 0, 1] * 10
    models = [
        make_pipeline(ColumnTransformer([("a", SimpleImputer(), [0])]), LogisticRegression()),
        RandomForestRegressor(2, random_state=1),
        HistGradientBoostingClassifier(max_iter=2),
        make_pipeline(FunctionTransformer(), LogisticRegression()),
    ]
    for model in [*(untrained.fit(rows, target) for untrained in models), TfidfVectorizer().fit(["a word", "a line"])]:
        for protocol in (2, 5):
            found = names_of(io.BufferedReader(io.BytesIO(pickle.dumps(model, protocol))))
            assert found.problem == ""
            kinds = {str(name): origin(name, ("sklearn",), ()) for name in found.named}
            assert {*kinds.values()} <= {FRAMEWORK, STANDARD}, kinds
