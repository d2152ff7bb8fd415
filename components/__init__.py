"""TFX components: how data enters the pipeline and what is decided about models.

This room knows `schemas`, Beam and TFX. It knows nothing of `models`, and each component keeps its
rules (the heart) in files that import no TFX.
"""
