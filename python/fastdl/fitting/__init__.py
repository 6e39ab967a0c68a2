"""From X and y to a trained network: the machinery that the estimators share.

`job` goes from the user's arrays to `training`, which loops over epochs; `windows` hands each to
the core, cut where sequences are longer than the program. `network` holds what is trained,
`targets` what y means, `progress` where the training stands, `evaluation` what is looked at after
an epoch.
"""
