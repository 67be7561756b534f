"""A way to translate in an experiment, as data."""

from dataclasses import dataclass

from t2t_hint_nart.exports.metadata import SAVED_MODEL


@dataclass(frozen=True)
class Decoding:
    """One way to translate.

    Attributes:
        name: in rows and of its files.
        decode_hparams: as --decode_hparams writes them.
        scorer: the system that ranks the candidates.
        systems: that are decoded so; all if there are none.
        label: in tables; the name if "".
        runtime: of the systems' exports that translate; registered name.
        scorer_runtime: of the scorer's export; as `runtime` if "".
        own_export: the systems have a SavedModel for it, with these decode_hparams, for what can't
            be changed in an export that is there.
        reference_lengths: of a student's candidates that of the reference's length is taken, which
            nobody knows; it tells what is lost to lengths, and isn't timed.
    """

    name: str
    decode_hparams: str = ""
    scorer: str = ""
    systems: tuple[str, ...] = ()
    label: str = ""
    runtime: str = SAVED_MODEL
    scorer_runtime: str = ""
    own_export: bool = False
    reference_lengths: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """What its translations depend on besides runtimes."""
        ways = {"own_export": self.own_export, "reference_lengths": self.reference_lengths}
        return (self.decode_hparams, self.scorer, *(name for name, is_so in ways.items() if is_so))

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Those of its exports."""
        return (self.runtime, *([self.scorer_runtime or self.runtime] if self.scorer else ()))

    def exports(self, system: str) -> dict[str, tuple[str, str]]:
        """Return what it opens of a system and, behind it, of the scorer.

        Returns:
            By the name of the export, which is its directory's, the system and the runtime.
        """
        own = f".{self.name}" if self.own_export else ""
        found = {f"{system}{own or self._suffix(self.runtime)}": (system, self.runtime)}
        if self.scorer:
            runtime = self.runtimes[1]
            found[f"{self.scorer}{self._suffix(runtime)}"] = (self.scorer, runtime)
        return found

    @staticmethod
    def _suffix(runtime: str) -> str:
        return "" if runtime == SAVED_MODEL else f".{runtime}"
