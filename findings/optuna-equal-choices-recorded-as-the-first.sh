#!/usr/bin/env bash
# Expected: optuna keeps apart the categorical choices True (learned skip scale) and 1 (skip scale fixed at one), or
#           refuses them.
# Happens:  the objective really runs with each of True, 1 and 1.0, but the study records all of them as whichever is
#           listed first, so trial.params and best_params name another arm than the one trained. No warning.
#           BruteForceSampler, which ends once every choice was tried, does not end.
# Matters:  ablation grids mix booleans and numbers (False / 0, True / 1), and the record is what gets published.
# Seen with optuna 5.0.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'optuna==5.0.0'
venv/bin/python - <<'PY'
import sys, warnings
import optuna

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
print("optuna", optuna.__version__)

def sweep(choices, sampler, n):
    ran = []
    study = optuna.create_study(direction="maximize", sampler=sampler)
    def objective(trial):
        ran.append(trial.suggest_categorical("skip_scale", choices))
        return {bool: 0.1, int: 0.9, float: 0.5}.get(type(ran[-1]), 0.3)
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always", UserWarning)
        study.optimize(objective, n_trials=n)
    return ran, [t.params["skip_scale"] for t in study.trials], study.best_params["skip_scale"], len(w)

arms = [True, 1, 0.5]
ran, rec, best, warned = sweep(arms, optuna.samplers.GridSampler({"skip_scale": arms}, seed=0), 3)
print("grid: ran", ran, "recorded", rec, "best", best, "warnings", warned)
check(sorted(map(repr, ran)) == sorted(map(repr, arms)), "the grid no longer runs each arm")
check([repr(v) for v in rec].count("True") == 2 and repr(1) not in map(repr, rec), "1 is no longer recorded as True")
check(best is True, "the best trial ran with 1 and is no longer named True")
ran, rec, best, _ = sweep(arms, optuna.samplers.BruteForceSampler(seed=0), 30)
print("brute force: asked for at most 30 trials, ran", len(ran), "kinds recorded", sorted(set(map(repr, rec))))
check(len(ran) == 30, "brute force now ends")
named = ["learned", 1, 0.5]
ran, rec, _, _ = sweep(named, optuna.samplers.BruteForceSampler(seed=0), 30)
print("control with 'learned' for True: ran", ran, "recorded", rec)
check(ran == rec and len(ran) == 3, "control: unequal choices")
PY
