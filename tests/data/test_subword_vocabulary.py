"""The sample is tensor2tensor's: so many characters of each side, spread over half the text."""

import itertools

from t2t_hint_nart.data.subword_vocabulary import sampled_text


def t2t_sample(lines, budget):
    """What T2T's generate_lines_for_vocab takes of one file."""
    every = int(sum(map(len, lines)) / budget / 2)
    counter, taken = 0, []
    for line in lines:
        if counter < every:
            counter += 1
        elif budget <= 0:
            break
        else:
            budget -= len(line)
            counter = 0
            taken.append(line)
    return taken


def test_each_side_as_a_file_of_its_own():
    sources = [f"s{number}" * (1 + number % 3) for number in range(500)]
    targets = [f"t{number}" * (1 + number % 7) for number in range(500)]

    def text():
        return itertools.chain.from_iterable(zip(sources, targets, strict=True))

    for budget in (40, 200, 3000, 10**6):
        taken = list(sampled_text(text, sides=2, characters=budget))
        for side, lines in (("s", sources), ("t", targets)):
            assert [line for line in taken if line[0] == side] == t2t_sample(lines, budget)
