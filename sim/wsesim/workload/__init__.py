"""What files of all kinds share: sections and their fields, reading, settings, mistakes, and files shown again."""

from wsesim.workload.fields import Default, Derived, Figures, Section
from wsesim.workload.filling import fill, read_fields
from wsesim.workload.formula import Formula, Lookup
from wsesim.workload.inputs import (
    SAMPLE,
    check_length,
    check_sample,
    check_text,
    check_tokens,
    check_verification,
    file_problem,
    hardware_of,
    name_of,
    software_of,
    weights_file,
)
from wsesim.workload.problems import Problems, shown
from wsesim.workload.rendering import plain_yaml, show, starter
from wsesim.workload.schema import SHORT, ClusterSection, ModelFile, ModelSection, QuestionFile
from wsesim.workload.settings import (
    STACK,
    Settings,
    apply_settings,
    dimension_of_setting,
    is_setting,
    place_of,
    plain,
    set_path,
    setting_names,
    settings_of,
    split_setting,
)
from wsesim.workload.shape import model_of
from wsesim.workload.words import key_hint, value_hint

__all__ = [
    "SAMPLE",
    "SHORT",
    "STACK",
    "ClusterSection",
    "Default",
    "Derived",
    "Figures",
    "Formula",
    "Lookup",
    "ModelFile",
    "ModelSection",
    "Problems",
    "QuestionFile",
    "Section",
    "Settings",
    "apply_settings",
    "check_length",
    "check_sample",
    "check_text",
    "check_tokens",
    "check_verification",
    "dimension_of_setting",
    "file_problem",
    "fill",
    "hardware_of",
    "is_setting",
    "key_hint",
    "model_of",
    "name_of",
    "place_of",
    "plain",
    "plain_yaml",
    "read_fields",
    "set_path",
    "setting_names",
    "settings_of",
    "show",
    "shown",
    "software_of",
    "split_setting",
    "starter",
    "value_hint",
    "weights_file",
]
