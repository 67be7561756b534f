"""Text that is tokenised already: to be recognised, and not to be tokenised again.

Test sets are often passed on as the tokens of Moses: punctuation stands alone, quotes are written
`&quot;`, hyphens may be `@-@` or `##AT##-##AT##`. Tokenised once more, `&quot;` falls apart into
`& quot ;`, and sacrebleu's 13a of such text is not the one that other people report.
"""

import html
import re
from collections.abc import Sequence

from t2t_hint_nart.evaluation import moses_tokenizer

_DETACHED = re.compile(r"\s[,.](?=\s|$)|&(?:apos|quot|amp|lt|gt|#\d+);|(?<!\S)@-@(?!\S)|##AT##")
_ATTACHED = re.compile(r"\w[,.](?=\s|$)")
# Moses' aggressive hyphen splitting, and that of get_ende_bleu.sh.
_HYPHENS = {"@-@": moses_tokenizer.HYPHEN}


def looks_tokenized(lines: Sequence[str]) -> bool | None:
    """Say whether text is tokenised already.

    It is if more lines have a comma or period that stands alone, or a mark of Moses (`&apos;`,
    `@-@`, `##AT##`), than have a comma or period behind a word.

    Args:
        lines: sentences.

    Returns:
        None for text with neither, which could be either.

    Example:
        >>> looks_tokenized(["Ja , sagte er ."]), looks_tokenized(["Ja, sagte er."])
        (True, False)
    """
    detached = sum(_DETACHED.search(line) is not None for line in lines)
    attached = sum(_ATTACHED.search(line) is not None for line in lines)
    return detached > attached if detached or attached else None


def given_tokens(line: str) -> list[str]:
    """Return the tokens of text that is tokenised already, Moses' escapes undone.

    Example:
        >>> given_tokens("it &apos;s high @-@ speed")
        ['it', "'s", 'high', '##AT##-##AT##', 'speed']
    """
    return [_HYPHENS.get(token, html.unescape(token)) for token in line.split()]
