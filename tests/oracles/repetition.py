"""Repetition rate, section 3.3 of arXiv 1909.06708 ("the percentage of repetitive words").

Read as: 100 * number of tokens equal to their predecessor in the sentence / number of tokens.
"""


def repetition_counts(sentences):
    """(repeated, tokens) over lists of tokens."""
    repeated = tokens = 0
    for sentence in sentences:
        tokens += len(sentence)
        for i in range(1, len(sentence)):
            if sentence[i] == sentence[i - 1]:
                repeated += 1
    return repeated, tokens


def repetition_percent(sentences):
    """Percent of tokens; 0 without tokens."""
    repeated, tokens = repetition_counts(sentences)
    return 100.0 * repeated / tokens if tokens else 0.0
