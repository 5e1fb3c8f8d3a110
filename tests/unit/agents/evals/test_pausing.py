"""A model that pauses is otherwise the model that it is."""

import inspect

from agents.evals.pausing import Pauses
from agents.models.port import Model
from agents.models.scripted import ScriptedModel


def test_whatever_a_model_is_asked_is_passed_on():
    pausing = type(Pauses().through(ScriptedModel.__new__(ScriptedModel)))
    asked = {name for name, _ in inspect.getmembers(Model, inspect.isfunction)}
    assert {name for name in asked if name[0] != "_"} <= vars(pausing).keys()
