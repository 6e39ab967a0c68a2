"""The words of estimators: parameters of constructors, each with its default, rule and text once.

`words` makes constructors and attributes of them; `training_words`, `text_words` and `layer_params`
are groups that several families share; `names` knows the words of other libraries.
"""
