"""Where the cycles of a compiled program went: by cause, task, function, operation, source line and core.

CslMachine ─take─► Taken ─save, load─► Taken + Image ─┬─ profile_text     terminal
                                                      └─ profile_answer   page, trace, tables
"""

from wsesim.csl.profile.page import Details, core_maps, crowding, details, profile_files, report_page
from wsesim.csl.profile.sums import with_scalar_code
from wsesim.csl.profile.taken import Taken, load_taken, save_taken, take
from wsesim.csl.profile.text import profile_text

__all__ = [
    "Details",
    "Taken",
    "core_maps",
    "crowding",
    "details",
    "load_taken",
    "profile_files",
    "profile_text",
    "report_page",
    "save_taken",
    "take",
    "with_scalar_code",
]  # fmt: skip
