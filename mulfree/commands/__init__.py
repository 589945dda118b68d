"""The sub-commands of `mulfree`, a file per subject; whatever is heavy is imported inside them."""
