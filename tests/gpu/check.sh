#!/bin/sh
# Checks on a machine with a GPU what no other test can: that the weights of a package are on the CPU, that no step of a
# recorded training waits for the GPU, and that NVML is read where it is there. Without a GPU it says so and ends well.
#
#   tests/gpu/check.sh [python]      an interpreter that has fitprint, fitprint-pytorch and torch
set -eu
exec "${1:-python}" "$(dirname "$0")/check.py"
