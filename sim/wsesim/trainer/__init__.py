"""Training for real: a question of training with a section `learning` is learned by, in this computer.

    Question ─Course─► begin | resume ─► Learner ─train─► Report ─┬─ print_training    terminal
                                                                   └─ write_training    page, data, losses, checkpoint

Forward, backward and update are those of the graph that is simulated; beside it stands what the wafer would take.
"""

from wsesim.trainer.course import Course
from wsesim.trainer.forms import schemas
from wsesim.trainer.loop import Learner, begin, resume, train
from wsesim.trainer.output import Report, print_training, training_json, write_training
from wsesim.trainer.run import learn_by
from wsesim.trainer.seeds import SeedsReport, print_seeds, seeds_json

__all__ = [
    "Course",
    "Learner",
    "Report",
    "SeedsReport",
    "begin",
    "learn_by",
    "print_seeds",
    "print_training",
    "resume",
    "schemas",
    "seeds_json",
    "train",
    "training_json",
    "write_training",
]  # fmt: skip
