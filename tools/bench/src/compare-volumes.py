"""Largest difference between two /volume datasets, and their shapes.

usage: compare-volumes.py OURS.h5 THEIRS.h5
"""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1]) as ours, h5py.File(sys.argv[2]) as theirs:
    a, b = ours["volume"], theirs["volume"]
    assert a.shape == b.shape, (a.shape, b.shape)
    worst = max(float(np.abs(a[p, k] - b[p, k]).max()) for p in range(a.shape[0]) for k in range(a.shape[1]))
    print(f"same shape {a.shape}, largest difference {worst:.3g}")
    sys.exit(0 if worst <= 1e-6 else 1)
