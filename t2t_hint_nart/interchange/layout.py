"""What tensor2tensor calls the Transformer's variables, by version. Pure: no file is opened."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from t2t_hint_nart.errors import InputError

Shape = tuple[int, ...]

# T2T's Transformer sets symbol_modality_num_shards to 16 in both versions.
NUM_SHARDS = 16
_TABLES = {
    "softmax/table": "softmax",
    "input_embedding/table": "input_emb",
    "target_embedding/table": "target_emb",
}
_NORM = {"gamma": "layer_norm_scale", "beta": "layer_norm_bias"}
_PROCESSING = {"pre": "layer_prepostprocess", "post": "layer_postprocess"}


@dataclass(frozen=True)
class Layout:
    """Names and shapes of one version of T2T.

    Attributes:
        version: of T2T.
        prefix: before the scopes `body` and `symbol_modality_<V>_<D>`.
        attention_projection: this library's hparam that has the same kernels.
        transforms: attention kernels whose names are other than this library's.
        suffix: of the scope of a dense layer.
        ffn: scope of a feed-forward sublayer's two layers.
        kernel_axes: leading axes of size 1 of a kernel.
    """

    version: str
    prefix: str
    attention_projection: str
    transforms: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    ffn: str = ""
    kernel_axes: int = 0

    def body_name(self, name: str) -> str:
        """Return T2T's name of a variable that isn't an embedding table.

        Example:
            >>> T2T_1_15.body_name("layer_0/ffn_pre/norm/gamma")
            'transformer/body/decoder/layer_0/ffn/layer_prepostprocess/layer_norm/layer_norm_scale'
            >>> T2T_1_2_9.body_name("encoder/layer_3/ffn/conv2/bias")
            'body/encoder/layer_3/ffn/conv_hidden_relu/conv2_single/bias'

        Raises:
            InputError: T2T's Transformer has no such variable.
        """
        if name == "encoder/target_space_embedding":
            return f"{self.prefix}body/target_space_embedding/kernel"
        stack, path = "decoder", name.split("/")
        if path[0] == "encoder":
            stack, path = "encoder", path[1:]
        return f"{self.prefix}body/{stack}/{self._path(name, path)}"

    def _path(self, name: str, path: list[str]) -> str:
        match path:
            case ["final", "norm", part]:
                return f"{_PROCESSING['pre']}/layer_norm/{_NORM[part]}"
            case [layer, processing, "norm", part]:
                block, _, when = processing.rpartition("_")
                return f"{layer}/{block}/{_PROCESSING[when]}/layer_norm/{_NORM[part]}"
            case [layer, "ffn", dense, part]:
                return f"{layer}/ffn/{self.ffn}{dense}{self.suffix}/{part}"
            case [
                layer,
                ("self_attention" | "encdec_attention") as block,
                transform,
                ("kernel" | "bias") as part,
            ]:
                transform = dict(self.transforms).get(transform, transform)
                return f"{layer}/{block}/multihead_attention/{transform}{self.suffix}/{part}"
            case [layer, "self_attention", table, "embeddings"]:
                scope = "multihead_attention/dot_product_attention_relative"
                return f"{layer}/self_attention/{scope}/{table}/embeddings"
            case _:
                raise InputError(f"tensor2tensor's transformer has no counterpart of {name}.")

    def variables(
        self, shapes: Mapping[str, Shape], num_shards: int = NUM_SHARDS
    ) -> dict[str, dict[str, Shape]]:
        """Say where T2T keeps the values of a model's variables.

        The values of one variable, in row-major order, are those of T2T's variables one after
        another: a table's rows lie in shards, the first V mod `num_shards` of which have one row
        more; every other variable is one of T2T's.

        Args:
            shapes: of the model's variables, by `models.variables.named_variables`' names.
            num_shards: pieces of an embedding table.

        Returns:
            For each name of `shapes`, T2T's names and shapes, in order.

        Raises:
            InputError: T2T's Transformer has no such variable.
        """
        shared = not shapes.keys() & {"input_embedding/table", "target_embedding/table"}
        found = {}
        for name, shape in shapes.items():
            if name in _TABLES:
                scope = "shared" if shared else _TABLES[name]
                found[name] = self._shards(scope, shape, num_shards)
            else:
                leading = self.kernel_axes if name.endswith("/kernel") else 0
                found[name] = {self.body_name(name): (1,) * leading + shape}
        return found

    def _shards(self, scope: str, shape: Shape, num_shards: int) -> dict[str, Shape]:
        rows, width = shape
        base = f"{self.prefix}symbol_modality_{rows}_{width}/{scope}/weights_"
        return {
            f"{base}{i}": (rows // num_shards + (i < rows % num_shards), width)
            for i in range(num_shards)
        }


T2T_1_15 = Layout(
    "1.15",
    prefix="transformer/",
    attention_projection="separate",
    transforms=(("q_transform", "q"), ("k_transform", "k"), ("v_transform", "v")),
)
T2T_1_2_9 = Layout(
    "1.2.9",
    prefix="",
    attention_projection="fused_bias",
    suffix="_single",
    ffn="conv_hidden_relu/",
    kernel_axes=2,
)
LAYOUTS = (T2T_1_15, T2T_1_2_9)


def layout_of(names: Iterable[str]) -> Layout | None:
    """Tell a T2T checkpoint's layout by its variables' names, None if it is no Transformer's."""
    names = list(names)
    for layout in LAYOUTS:
        if any(name.startswith(f"{layout.prefix}body/decoder/") for name in names):
            return layout
    return None


def model_shapes(layout: Layout, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Leave out what isn't the model's: counters, losses and the optimizer's slots.

    A slot is named after its variable, as `<variable>/Adam`.
    """
    scopes = (f"{layout.prefix}body/", f"{layout.prefix}symbol_modality_")
    return {
        name: shape
        for name, shape in shapes.items()
        if name.startswith(scopes) and name.rpartition("/")[0] not in shapes
    }


def table_sizes(layout: Layout, names: Iterable[str]) -> tuple[set[int], set[int]]:
    """Return all V and all D of the embedding tables' scopes symbol_modality_<V>_<D>.

    Example:
        >>> table_sizes(T2T_1_2_9, ["symbol_modality_33708_512/shared/weights_0"])
        ({33708}, {512})
    """
    scope = re.compile(rf"{layout.prefix}symbol_modality_(\d+)_(\d+)/")
    found = [match for match in map(scope.match, names) if match]
    return {int(match[1]) for match in found}, {int(match[2]) for match in found}


def shard_count(names: Iterable[str]) -> int:
    """Return in how many pieces the embedding tables are stored, 1 at least."""
    found = [match for match in (re.search(r"/weights_(\d+)$", name) for name in names) if match]
    return max((int(match[1]) + 1 for match in found), default=1)
