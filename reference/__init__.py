"""The answers, in torch: float64, explicit formulas, on the CPU or on a GPU.

Each module holds one topic as functions of tensors; `reference.numpy_api` offers the same
functions with the course's own signatures, NumPy in and NumPy out. Nothing here ships to
students.
"""
