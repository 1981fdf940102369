"""Trials: ops of a placement run on simulated cores, each core with what it holds there, on fewer of them.

trial      a core program on a small rectangle, and what the closed form says of the same
streamed   ops of weight streaming as trials
resident   ops of inference with resident weights
causes     why the cores say something else
"""
