"""From X and y to a trained network: the machinery that the estimators share.

An estimator makes a `job` of what the user gave: `targets` say what y means, `columns` and
`preparation` make tables ready, `random` makes a generator of a seed. It trains by a `recipe`, for
which `defaults` choose. The room `training` does that, as `progress` says; the room `trainable`,
which uses nothing else of these, has the network.
"""
