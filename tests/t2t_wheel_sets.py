"""Print the hyperparameter sets of a tensor2tensor wheel as JSON: `t2t_wheel_sets.py WHEEL`.

A process of its own: TensorFlow 1 isn't there, so every module that the sets' files import and
don't need is replaced by one that has any name.
"""

import ast
import collections
import importlib
import importlib.machinery
import inspect
import json
import sys
import types
import zipfile
from unittest import mock

REPLACED = {
    "bz2file", "cv2", "dopamine", "gin", "gym", "h5py", "kfac", "mesh_tensorflow", "oauth2client",
    "scipy", "sympy", "tensorflow", "tensorflow_datasets", "tensorflow_gan", "tensorflow_hub",
    "tensorflow_probability", "tf_slim",
}  # fmt: skip
FILES = ("layers/common_hparams.py", "models/transformer.py", "models/lstm.py")


class AnyModule:
    """Finds the modules of REPLACED."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REPLACED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__name__ = [], spec, spec.name
        module.__version__ = "1.15.0"
        return module

    def exec_module(self, module):
        pass


class Values:
    """tf.contrib.training.HParams, as far as sets use it."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def add_hparam(self, name, value):
        self.__dict__[name] = value

    set_hparam = add_hparam

    def values(self):
        return dict(self.__dict__)


Spec = collections.namedtuple("Spec", "args varargs keywords defaults")


def spec_of(function):
    """What inspect.getargspec was."""
    found = inspect.getfullargspec(function)
    return Spec(found.args, found.varargs, found.varkw, found.defaults)


def main(wheel):
    inspect.getargspec = spec_of
    sys.meta_path.insert(0, AnyModule())
    sys.path.insert(0, wheel)
    import tensorflow
    from tensor2tensor.utils import registry

    tensorflow.contrib.training.HParams = Values
    registry.register_model = lambda *names: names[0] if callable(names[0]) else lambda cls: cls
    if hasattr(registry, "Registries"):
        # They look at signatures in a way that Python no longer has.
        registry.Registries.optimizers._validator = None
        registry.Registries.ranged_hparams._validator = None
    sets = {}
    for file in FILES:
        source = zipfile.ZipFile(wheel).read(f"tensor2tensor/{file}")
        tree = ast.parse(source)
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        if file == FILES[0]:
            importlib.import_module("tensor2tensor.layers.common_hparams")  # registers its sets
            names = ["basic_1"]
        else:
            # Networks need TensorFlow 1, and no set needs them.
            tree.body = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
            exec(compile(tree, file, "exec"), types.ModuleType("sets").__dict__)
        for name in names:
            try:
                made = registry.hparams(name)
            except (LookupError, ValueError):
                continue  # not a set
            made = made() if inspect.isfunction(made) else made
            sets[name] = {
                key: value
                for key, value in made.values().items()
                if isinstance(value, (bool, int, float, str, list, type(None)))
            }
    print(json.dumps(sets))


if __name__ == "__main__":
    main(sys.argv[1])
