"""``fitprint.<flavor>``: a namespace with the calls of one flavor, for every registered flavor."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fitprint._api.autolog import autolog_flavor
from fitprint._api.callbacks import make_callback
from fitprint._api.missing_names import instead_of
from fitprint._api.status import status
from fitprint._core import html as _html
from fitprint._core.publish import publish
from fitprint._instrumentation import registry
from fitprint._instrumentation.entries import missing_plugins
from fitprint._packages import save as saving
from fitprint._packages.load import load_native
from fitprint._packages.options import Paths, Requirements, read_options
from fitprint._packages.save import ModelInfo
from fitprint._runs.run import Run
from fitprint._settings.signature import names_settings
from fitprint.models.signature import ModelSignature
from fitprint.plugin.contract import Flavor

if TYPE_CHECKING:
    from typing import Unpack

    from fitprint._settings.arguments import AutologSettings


class FlavorNamespace:
    """The calls of one flavor: `autolog`, `callback`, `logger`, `log_model`, `save_model` and `load_model`."""

    def __init__(self, name: str) -> None:
        self.__name__ = f"fitprint.{name}"
        self._name = name

    @names_settings
    def autolog(self, *, disable: bool = False, **settings: Unpack[AutologSettings]) -> None:
        """Turn recording on for this flavor.

        Its settings have priority over those of the general `fitprint.autolog()`, whichever was called first. Without
        a general call, only the flavors that were turned on in this way are recorded.

        Args:
            disable: Turn recording off for this flavor instead.
            **settings: Any setting by name, as listed by `help(fitprint.autolog)`, and the flavor's own settings.

        Raises:
            TypeError: An argument is not a setting.
            ValueError: The value of a setting cannot be read.
        """
        autolog_flavor(self._name, settings, disable)

    @names_settings
    def callback(self, **settings: Unpack[AutologSettings]) -> Any:
        """Return a callback of the framework's own kind, which records the trainings that it is given to.

        Nothing is patched for it, and `autolog()` is not needed. Where `autolog()` records the training as well, the
        callback adds nothing, so that there is one run.

        Args:
            **settings: Any setting by name, as listed by `help(fitprint.autolog)`, and the flavor's own settings, for
                the trainings of this callback.

        Raises:
            NotImplementedError: The framework has no callbacks, or none that tell of a training.
            RuntimeError: The installed version of the framework is not supported.
            TypeError: An argument is not a setting.
            ValueError: The value of a setting cannot be read.
        """
        return make_callback(self._name, settings)

    @names_settings
    def logger(self, **settings: Unpack[AutologSettings]) -> Any:
        """Return a logger of the framework's own kind, for frameworks that have loggers besides callbacks.

        It makes the same run as `callback`, and adds what you log with it yourself.

        Args:
            **settings: As for `callback`.

        Raises:
            NotImplementedError: The framework has no loggers.
            RuntimeError: The installed version of the framework is not supported.
            TypeError: An argument is not a setting.
            ValueError: The value of a setting cannot be read.
        """
        return make_callback(self._name, settings, "logger")

    def log_model(
        self,
        model: Any = None,
        artifact_path: str | None = None,
        *,
        name: str | None = None,
        signature: ModelSignature | bool | None = None,
        input_example: Any = None,
        pip_requirements: Requirements | None = None,
        extra_pip_requirements: Requirements | None = None,
        conda_env: Mapping[str, Any] | str | None = None,
        code_paths: Paths | None = None,
        extra_files: Paths | None = None,
        loader_module: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        model_config: Mapping[str, Any] | None = None,
        **flavor_options: Any,
    ) -> ModelInfo:
        """Write a package of a model, in the format of this flavor, into a run.

        The run is chosen as by `fitprint.log_model`, whose documentation says what each option means.

        Args:
            model: The model; MLflow's name of this argument, such as ``sk_model``, is accepted too.
            artifact_path: The name of the package in its run, by default ``model``.
            name: The same; it has priority.
            signature: The signature of the model, or False for none.
            input_example: Example inputs, kept in the package.
            pip_requirements: What the model needs, in place of what is detected.
            extra_pip_requirements: What the model needs in addition to what is detected.
            conda_env: The conda environment of the model.
            code_paths: Files and folders of code to copy into the package.
            extra_files: Further files to copy into the package.
            loader_module: A module that loads the model for prediction, in place of the flavor.
            metadata: Values of your own to keep in the package.
            model_config: The configuration that the model is loaded with.
            **flavor_options: The flavor's own options.

        Returns:
            The URI, the run and the signature of the package.

        Raises:
            TypeError: There is no model, or an option is unknown.
        """
        options = {
            "signature": signature,
            "input_example": input_example,
            "pip_requirements": pip_requirements,
            "extra_pip_requirements": extra_pip_requirements,
            "conda_env": conda_env,
            "code_paths": code_paths,
            "extra_files": extra_files,
            "loader_module": loader_module,
            "metadata": metadata,
            "model_config": model_config,
            **flavor_options,
        }
        flavor = self._flavor()
        model = _model_among(flavor, model, options)
        return saving.log_model(flavor, model, name or artifact_path or saving.NAME, read_options(flavor, options))

    def save_model(
        self,
        model: Any = None,
        path: str | os.PathLike[str] | None = None,
        *,
        signature: ModelSignature | bool | None = None,
        input_example: Any = None,
        pip_requirements: Requirements | None = None,
        extra_pip_requirements: Requirements | None = None,
        conda_env: Mapping[str, Any] | str | None = None,
        code_paths: Paths | None = None,
        extra_files: Paths | None = None,
        loader_module: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        model_config: Mapping[str, Any] | None = None,
        **flavor_options: Any,
    ) -> None:
        """Write a package of a model, in the format of this flavor, into a new or an empty folder.

        Args:
            model: The model; MLflow's name of this argument, such as ``sk_model``, is accepted too.
            path: The folder.
            signature: The options are those of `log_model`.
            input_example: As in `log_model`.
            pip_requirements: As in `log_model`.
            extra_pip_requirements: As in `log_model`.
            conda_env: As in `log_model`.
            code_paths: As in `log_model`.
            extra_files: As in `log_model`.
            loader_module: As in `log_model`.
            metadata: As in `log_model`.
            model_config: As in `log_model`.
            **flavor_options: As in `log_model`.

        Raises:
            TypeError: There is no model or no path, or an option is unknown.
            FileExistsError: The folder holds something.
        """
        options = {
            "signature": signature,
            "input_example": input_example,
            "pip_requirements": pip_requirements,
            "extra_pip_requirements": extra_pip_requirements,
            "conda_env": conda_env,
            "code_paths": code_paths,
            "extra_files": extra_files,
            "loader_module": loader_module,
            "metadata": metadata,
            "model_config": model_config,
            **flavor_options,
        }
        flavor = self._flavor()
        model = _model_among(flavor, model, options)
        if path is None:
            raise TypeError(f"{self.__name__}.save_model() needs the path of a folder: save_model(model, path)")
        saving.save_model(flavor, model, path, read_options(flavor, options))

    def load_model(
        self,
        model_uri: str | os.PathLike[str] | Run,
        dst_path: str | os.PathLike[str] | None = None,
        *,
        trust: str | None = None,
        digest: str | None = None,
        trusted_types: Sequence[str] = (),
    ) -> Any:
        """Load the native model of a package: the object of the framework itself.

        Args:
            model_uri: The path of a package, a URI such as ``runs:/<run_id>/model``, or a run or the folder of one.
            dst_path: A folder to copy the package into; the copy is loaded.
            trust: Which packages may be loaded, in place of the setting of this name.
            digest: The digest that the package must have.
            trusted_types: The names of further types that a format without code may load.

        Returns:
            The native model.

        Raises:
            PackageError: The package is broken, has no model of this flavor, or is not trusted.
        """
        return load_native(
            model_uri, self._name, trust=trust, digest=digest, trusted_types=trusted_types, dst_path=dst_path
        )

    def __repr__(self) -> str:
        return f"<fitprint flavor {self._name}>"

    def _repr_html_(self) -> str:
        rows = [(row.name, row.version, row.state) for row in status() if row.name == self._name]
        return _html.table(("flavor", "version", "state"), rows)

    def _flavor(self) -> Flavor:
        return registry.entries()[self._name].flavor()


def namespace(name: str) -> FlavorNamespace:
    """Return the namespace of a registered flavor.

    Raises:
        AttributeError: No flavor of this name is registered. The text says what to install if a plugin is missing.
    """
    if name in registry.known_flavors():
        return _namespace(name)
    command = missing_plugins(registry.entries()).get(name)
    hint = f"; install the plugin of this flavor: {command}" if command else instead_of(name)
    raise AttributeError(f"module 'fitprint' has no attribute {name!r}{hint}")


@functools.cache
def _namespace(name: str) -> FlavorNamespace:
    registry.known_flavors()[name].load_with_framework()
    return FlavorNamespace(name)


def _model_among(flavor: Flavor, model: Any, options: dict[str, Any]) -> Any:
    """Return the model of a call, which may stand among the options under MLflow's name of it.

    Raises:
        TypeError: There is no model.
    """
    named = options.pop(flavor.model_argument, None)
    model = model if model is not None else named
    if model is None:
        raise TypeError(f"fitprint.{flavor.name}: there is no model to save: give it as the first argument")
    return model


publish("fitprint", FlavorNamespace)
