"""Keys of a job, beside its model's, that decide nothing which is modelled, or whose cost is not counted.

Names are those that files and configurations of the Model Zoo have (up to release 2.4). What is in no table here is
said to be unknown, with the nearest that is known: a slip must not pass for a key without effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from wsesim.errors import nearest


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


TRAINER = _names("init fit validate validate_all")
INIT_READ = _names("model optimizer precision loop sparsity backend callbacks checkpoint logging")
INIT = _names("loggers schedulers seed model_dir device")
FIT = _names("train_dataloader val_dataloader ckpt_path")
VALIDATE = _names("val_dataloader val_dataloaders ckpt_path ckpt_paths")
BACKEND = _names("""
backend_type cluster_config compile_dir compile_only validate_only drop_data max_checkpoints log_initialization
use_cstorch_optimizer_step retrace_every_iteration main_process_id seed artifact_dir mixed_precision torch_device
""")
CHECKPOINT = _names("""
autoload_last_checkpoint disable_strict_checkpoint_loading save_initial_checkpoint checkpoint_name checkpoint_root
""")
CLUSTER = _names("""
num_workers_per_csx max_wgt_servers max_act_per_csx num_wgt_servers num_act_servers mount_dirs python_paths job_labels
job_priority job_time_sec disable_version_check workflow_id management_node
""")
PRECISION = _names("""
log_loss_scale loss_scaling_factor max_gradient_norm max_gradient_value steps_per_increase initial_loss_scale
max_loss_scale min_loss_scale overflow_tolerance
""")
LOOP = _names("grad_accum_steps")
RUNS = (
    LOOP
    | CLUSTER
    | _names("""
seed model_dir save_initial_checkpoint show_debug_metrics save_losses use_cs_grad_accum cs_ip mode
execute_crd_memory_gi compile_crd_memory_gi validate_only compile_only enable_distributed use_appliance_data
keep_checkpoint_max wrk_memory_gi max_checkpoints load_checkpoint_states disable_strict_checkpoint_loading multireplica
save_summary_steps save_checkpoints_steps tf_random_seed log_step_count_steps throttle_secs enable_gpu_optimizations
checkpoint_path is_pretrained_checkpoint compile_dir num_epochs steps_per_epoch grad_accum_steps drop_data
dist_backend init_method dist_addr sync_batchnorm micro_batch_size lazy_initialization log_input_summaries
use_cstorch_optimizer_step eval_during_training target_device use_cbfloat16 credentials_path job_time_sec
""")
)
"""Of `runconfig`, which the old form has in place of several parts."""
LOADER = _names("""
src_max_sequence_length tgt_max_sequence_length train_batch_size eval_batch_size vocab_file shuffle_buffer_size
num_samples num_buckets drop_last_batch
""")
"""Keys of data that are like those that are read, and are others."""
CALLBACKS = _names("""
ComputeNorm LoadCheckpointStates KeepNCheckpoints ScopedValidateFlags ScopedEvalFlags CheckLoss ModelEvalMetrics
RateProfiler SavePerformanceData LogInputSummaries LogOptimizerParamGroup LogSparsity DumpActivations TimeRemaining
TensorSummaries ProfilerCallback DebugArgsPath DataLoaderLogger CountParams FlopUtilization NumericsLogger
ResumeTraining TorchProfiler
""")
COSTLY = {
    "FreezeParameters": "which weights are not learned",
    "SelectiveGrad": "which losses have a gradient",
    "WeightCompression": "weights compressed on their way",
}
"""Callbacks that change what a step costs, and what of it is not counted."""
LORA = _names("r alpha dropout fan_in_fan_out merge_weights target_modules")
_LIKE = 0.8
"""How alike a key of data is to one that is read where it is taken for a slip: they are any that a reader wants.
Chosen: of five letters one may be another."""


def apart(
    names: Collection[str], free: Iterable[str], read: Iterable[str], of: str = ""
) -> tuple[list[str], list[str]]:
    """Return which of *names* decide nothing, and which nobody knows, with the nearest that is known."""
    known = {*free, *read}
    idle = [f"{of}{name}" for name in names if name in set(free)]
    return idle, [f"{of}{name}{nearest(name, known).removesuffix('?')}" for name in names if name not in known]


def slips(names: Iterable[str], read: Iterable[str]) -> Mapping[str, str]:
    """Return which of the names of data are taken for a slip, each with the key that was meant."""
    meant = {name: get_close_matches(name, list(read), n=1, cutoff=_LIKE) for name in names if name not in LOADER}
    return {name: found[0] for name, found in meant.items() if found}
