"""Write and read a model as ``save_pretrained`` does, in the layout of MLflow's transformers flavor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import transformers
from safetensors import SafetensorError
from transformers import PreTrainedModel, pipeline

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, installed_version, member, quietly
from fitprint_transformers import _tasks
from fitprint_transformers._parts import KINDS, Parts

MODEL = "model"
COMPONENTS = "components"


def save(parts: Parts, package: Package, context: SaveContext) -> SavedModel:
    """Write a model and what prepares its inputs.

    Args:
        parts: The parts of the package.
        package: The package to write into.
        context: The options of the call, and where to say what the package lacks.

    Returns:
        The flavor's entry in MLmodel.
    """
    with quietly(), _unchanged_config(parts.model):
        parts.model.save_pretrained(package.path(MODEL))
        for name, component in parts.components.items():
            component.save_pretrained(package.path(f"{COMPONENTS}/{name}"))
    reason = _why_no_predict(parts)
    if reason is not None:
        context.skip("predict", "flavor", reason)
    return SavedModel(_keys(parts), pyfunc={} if reason is None else None)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read what fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Returns:
        A pipeline; where the task is not known, a dict of the parts, as MLflow's ``return_type="components"`` gives it.

    Raises:
        PackageError: A file is missing, or a class that MLmodel names does not belong to transformers.
    """
    if "model_binary" not in config and not (folder / "pipeline").is_dir():
        raise PackageError(
            f"{folder}: its weights are not in it but in a repository, {config.get('source_model_name')!r}: MLflow's "
            "persist_pretrained_model puts them into the package"
        )
    if config.get("peft_adaptor"):
        raise PackageError(f"{folder} has an adapter of PEFT, which fitprint does not read: load it with peft")
    parts = {MODEL: _load_model(folder, config), **_load_components(folder, config)}
    task = config.get("task")
    if task is None or "processor" in parts:
        return {"task": task, **parts}
    return _pipeline(task, parts)


def pipeline_of(parts: Parts) -> Any:
    """Return the pipeline that predicts with a model.

    Raises:
        NotImplementedError: There is none.
    """
    reason = _why_no_predict(parts)
    if reason is not None:
        raise NotImplementedError(reason)
    return _pipeline(parts.task, {MODEL: parts.model, **parts.components})


def size(parts: Parts) -> int:
    """Return the bytes of the weights, each of which is written once however many modules share it."""
    weights = {id(weight): weight for weight in parts.model.state_dict(keep_vars=True).values()}
    return sum(weight.numel() * weight.element_size() for weight in weights.values())


def requirements(parts: Parts) -> list[str]:
    """Return what loading and predicting needs."""
    optional = ("accelerate", "safetensors", "tokenizers", "sentencepiece")
    used = optional[: None if _needs_sentencepiece(parts) else -1]
    images = ("pillow", "torchvision") if "image_processor" in parts.components else ()
    return ["transformers", "torch", *(name for name in (*used, *images) if installed_version(name))]


def _keys(parts: Parts) -> dict[str, Any]:
    """Return the entry in MLmodel, with MLflow's names."""
    pipeline_class = transformers.pipelines.SUPPORTED_TASKS.get(parts.task or "", {}).get("impl")
    if pipeline_class is not None:  # newer releases have the path of the class
        pipeline_class = getattr(pipeline_class, "__name__", pipeline_class).rpartition(".")[2]
    keys: dict[str, Any] = {
        "task": parts.task,
        "instance_type": pipeline_class,
        "torch_dtype": str(parts.model.dtype),
        "pipeline_model_type": type(parts.model).__name__,
        "source_model_name": str(parts.model.name_or_path or ""),
        "model_binary": MODEL,
        COMPONENTS: [name for name in parts.components if name != "processor"],
        "transformers_version": transformers.__version__,
    }
    return keys | {f"{name}_type": type(component).__name__ for name, component in parts.components.items()}


def _why_no_predict(parts: Parts) -> str | None:
    """Return why a package has no generic ``predict``; None if it has."""
    kind = type(parts.model).__name__
    if not _is_of_transformers(kind, PreTrainedModel):
        return f"{kind} is a class of your own: readers would not find it; {kind}.from_pretrained reads model/"
    if parts.task is None:
        if not parts.components:
            return f"there is no tokenizer for {kind}: give one to the trainer as processing_class"
        return (
            f"the class {kind} does not tell the task of a pipeline; fitprint.transformers.load_model gives its parts"
        )
    if parts.task not in _tasks.PREDICTED:
        return f"for the task {parts.task}, fitprint.transformers.load_model gives a pipeline, which can be called"
    return None


def _pipeline(task: Any, parts: Mapping[str, Any]) -> Any:
    with quietly():
        return pipeline(task=task, device=parts[MODEL].device, **parts)  # where the model is, else it would be moved


def _load_model(folder: Path, config: Mapping[str, Any]) -> Any:
    cls = _class(folder, config.get("pipeline_model_type"), PreTrainedModel)
    dtype = {_dtype_argument(): str(config["torch_dtype"]).removeprefix("torch.")} if config.get("torch_dtype") else {}
    place = member(folder, config.get("model_binary", "pipeline"))
    with quietly():
        return _read(cls, place, **dtype)


def _load_components(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    names = [*(config.get(COMPONENTS) or ()), *(["processor"] if "processor_type" in config else [])]
    components = {}
    for name in names:
        if name not in KINDS:
            raise PackageError(f"{folder}: its MLmodel file names a component {name!r}, which is not known")
        cls = _class(folder, config.get(f"{name}_type"), KINDS[name])
        components[name] = _read(cls, member(folder, f"{COMPONENTS}/{name}"))
    return components


def _read(cls: Any, place: Path, **options: Any) -> Any:
    """Read a part from its folder: only from there, and without running code that it names."""
    try:
        return cls.from_pretrained(place, local_files_only=True, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        message = " ".join(str(error).split())[:500]
        raise PackageError(f"{place} cannot be loaded: {type(error).__name__}: {message}") from error


def _class(folder: Path, name: Any, base: type) -> Any:
    """Return the class that MLmodel names: only one of transformers, and of the right kind."""
    if not isinstance(name, str) or not _is_of_transformers(name, base):
        raise PackageError(
            f"{folder}: {name!r}, which its MLmodel names, is not a {base.__name__} of transformers "
            f"{transformers.__version__}: read its folder with from_pretrained of that class"
        )
    return getattr(transformers, name)


def _is_of_transformers(name: str, base: type) -> bool:
    cls = getattr(transformers, name, None)
    return isinstance(cls, type) and issubclass(cls, base)


def _dtype_argument() -> str:
    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def _needs_sentencepiece(parts: Parts) -> bool:
    return hasattr(parts.components.get("tokenizer"), "sp_model")


@contextmanager
def _unchanged_config(model: Any) -> Iterator[None]:
    """Put back the model's config afterwards: ``save_pretrained`` writes the class and the dtype into it."""
    config = vars(model.config)
    before = dict(config)
    try:
        yield
    finally:
        config.clear()
        config.update(before)
