"""A job and a network, trained by a recipe.

Estimators call `learning`, which makes samples of the job and calls `epochs`, the loop, or `lbfgs`,
SciPy's optimizer; `choosing` runs `epochs` for some learning rates before. Both do what `tasks`
lists after an epoch, such as the scores of `evaluation`, and leave a `checkpoint` for those who
look at a running fit. `grouping` orders the samples of losses of pairs.
"""
