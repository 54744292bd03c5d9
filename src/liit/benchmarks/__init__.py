"""One module per benchmark: its published files, its prompt, its rule for one answer, its total.

``liit score`` finds the benchmarks here (:mod:`liit.scoring.benchmark`); the tasks that a model is
asked (``eval/tasks``) name the modules' functions, so that every rule exists once.
"""
