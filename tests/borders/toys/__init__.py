"""A user's own directory: two models of their own kinds, with nothing changed in the package.

A recurrent model that predicts step by step, and a convolutional one whose output has another
length than its targets, with a criterion, a strategy and a recipe of their own. Given to the
commands as --t2t_usr_dir, never imported by the tests.
"""

from toys import models, recipe  # noqa: F401
