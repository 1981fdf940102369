"""What an expert asks first: what-ifs whose sign, order and smoothness physics gives, each asked anew.

data/behaviour.yaml ─► WhatIf ─► wsesim.questions ─► Behaved ─► BehaviourReport ─► terminal, JSON, page
"""

from wsesim.validation.behaviour.asking import Behaved, behaved
from wsesim.validation.behaviour.expected import Expectation, WhatIf, what_ifs
from wsesim.validation.behaviour.report import BehaviourReport

__all__ = ["Behaved", "BehaviourReport", "Expectation", "WhatIf", "behaved", "what_ifs"]
