"""Exceptions: what a tutor would ask about the common ones."""

from __future__ import annotations

import re
from typing import NamedTuple

from autograder.diagnosis.findings import Finding


class _Entry(NamedTuple):
    """An exception: the rule's name, the class, what its text holds, the question.

    The question may quote numbers of the text, and nothing else: the text is the student's.
    """

    rule: str
    kinds: str
    pattern: str
    sentence: str


_SHAPE = r"(\([\d, ]{0,30}\))"

_ENTRIES = (
    _Entry(
        "matmul",
        "ValueError",
        r"matmul: .*size (\d{1,6}) is different from (\d{1,6})",
        "Write the shapes of the two factors below each other. The axis that is summed over has "
        "length {1} in the first and {0} in the second: which one is meant, and does an array "
        "have to be transposed?",
    ),
    _Entry(
        "matmul",
        "ValueError",
        rf"shapes {_SHAPE} and {_SHAPE} not aligned",
        "The shapes are {0} and {1}. The last axis of the first and the first axis of the second "
        "are summed over: which array has to be transposed, if any?",
    ),
    _Entry(
        "matmul",
        "ValueError",
        r"matmul: .*does not have enough dimensions",
        "One factor of a matrix product is a single number. Which one, and is a matrix product "
        "meant?",
    ),
    _Entry(
        "broadcast",
        "ValueError",
        rf"could not be broadcast together with shapes {_SHAPE} {_SHAPE}",
        "Write the shapes {0} and {1} below each other, aligned on the right: lengths that meet "
        "must be equal, or one of them 1. Which axis is not where it should be?",
    ),
    _Entry(
        "broadcast",
        "ValueError",
        rf"could not broadcast input array from shape {_SHAPE} into shape {_SHAPE}",
        "An array of shape {0} is to go where there is room for {1}. Which of the two shapes did "
        "you expect?",
    ),
    _Entry(
        "broadcast",
        "ValueError",
        rf"non-broadcastable output operand with shape {_SHAPE} .*shape {_SHAPE}",
        "An array of shape {0} is changed in place, and the result has shape {1}. Which of the "
        "two did you expect?",
    ),
    _Entry(
        "unpacking",
        "ValueError",
        r"(?:not enough|too many) values to unpack \(expected (\d{1,6})",
        "There are {0} names on the left. How many values stand on the right: what does the "
        "function return, what does the list hold?",
    ),
    _Entry(
        "axis",
        "AxisError",
        r"axis (-?\d{1,6}) is out of bounds for array of dimension (\d{1,6})",
        "Axes count from 0, and this array has {1}: is there an axis {0}? Print its shape.",
    ),
    _Entry(
        "too-many-indices",
        "IndexError",
        r"too many indices for array: array is (\d{1,6})-dimensional",
        "The array has {0} axes. Print its shape: has a step before taken an axis away?",
    ),
    _Entry(
        "index-type",
        "IndexError",
        r"only integers, slices",
        "An index must be a whole number. Which type has yours: is it the result of a division?",
    ),
    _Entry(
        "empty",
        "IndexError",
        r"out of bounds for axis \d+ with size 0",
        "The array is empty there. Which step leaves nothing of it?",
    ),
    _Entry(
        "index",
        "IndexError",
        r"index (-?\d{1,9}) is out of bounds for axis \d+ with size (\d{1,9})",
        "Indices run from 0 to the length less one, and the length is {1} here. Where does your "
        "loop begin, where does it end?",
    ),
    _Entry(
        "index",
        "IndexError",
        r"out of range",
        "Indices run from 0 to the length less one. How long is the list, and where does your loop "
        "end?",
    ),
    _Entry(
        "unbound",
        "UnboundLocalError",
        r"",
        "A name that gets a value anywhere in a function is local to all of it. On which way "
        "through your code does this one get its value before it is used?",
    ),
    _Entry(
        "name",
        "NameError",
        r"",
        "Which line was to define that name? Look at its spelling, and at whether it exists in "
        "this function or only in another.",
    ),
    _Entry(
        "none",
        "TypeError|AttributeError",
        r"NoneType",
        "Something is None where a value should be. Which function on that line ends without a "
        "return, or works in place and returns nothing?",
    ),
    _Entry(
        "arguments",
        "TypeError",
        r"missing \d+ required|positional arguments? but|unexpected keyword argument|"
        r"multiple values for argument",
        "Compare the call with the def line: how many arguments, under which names, in which "
        "order?",
    ),
    _Entry(
        "not-callable",
        "TypeError",
        r"object is not callable",
        "Round brackets call, square brackets index. Is an operator missing before the bracket, "
        "or has a function's name been given to something else?",
    ),
    _Entry(
        "one-number-only",
        "TypeError",
        r"only (?:length-1|size-1|0-dimensional) arrays can be converted",
        "A function for single numbers is given a whole array. Which library's function is it, "
        "and is there one that works entry by entry?",
    ),
    _Entry(
        "no-index",
        "TypeError",
        r"is not subscriptable|object is not iterable|has no len\(\)|iteration over a 0-d array",
        "A single number stands where a list or an array is expected. Print it: which step made "
        "one number of it?",
    ),
    _Entry(
        "no-index",
        "TypeError",
        r"list indices must be integers",
        "A list takes one whole number in its brackets. Is an array meant, or the other name?",
    ),
    _Entry(
        "list-arithmetic",
        "TypeError",
        r"'list'|can't multiply sequence",
        "Lists do not compute entry by entry. Is it an array that you mean, or one array of the "
        "list?",
    ),
    _Entry(
        "list-arithmetic",
        "AttributeError",
        r"'(?:list|tuple)' object has no attribute",
        "A list has no such attribute, an array has. Is it an array that you mean, or one array of "
        "the list?",
    ),
    _Entry(
        "truth-value",
        "ValueError",
        r"truth value of an array",
        "An if asks one question, and an array of conditions gives many answers. Should the choice "
        "be made for each entry, or once for all?",
    ),
    _Entry(
        "ragged",
        "ValueError",
        r"setting an array element with a sequence|inhomogeneous shape",
        "The parts have different shapes, so they do not fit into one array. Is it a list of "
        "arrays that is needed?",
    ),
    _Entry(
        "reshape",
        "ValueError",
        rf"cannot reshape array of size (\d{{1,9}}) into shape {_SHAPE}",
        "How many entries has shape {1}, and how many are there?",
    ),
    _Entry(
        "integer",
        ".*(?:UFuncTypeError|UFuncOutputCastingError|TypeError)",
        r"Cannot cast ufunc .* to dtype\('u?int",
        "An array of integers is changed in place and has no room for fractions. Which dtype did "
        "it get, and from where?",
    ),
    _Entry(
        "read-only",
        "ValueError",
        r"read-only",
        "This array must not be written to. Would a new array do?",
    ),
    _Entry(
        "division-by-zero",
        "ZeroDivisionError",
        r"",
        "What is the divisor on that line, and for which input does it become 0?",
    ),
    _Entry(
        "overflow",
        "OverflowError|FloatingPointError",
        r"",
        "A number becomes too large for a float. Which power grows without bound, and for which "
        "inputs?",
    ),
    _Entry(
        "domain",
        "ValueError",
        r"math domain error|expected a (?:positive|nonnegative) input",
        "A logarithm or a root is asked for a number that has none. Which value comes in?",
    ),
    _Entry(
        "recursion",
        "RecursionError",
        r"",
        "A function calls itself again and again. Is the call meant, and where does it end?",
    ),
    _Entry("key", "KeyError", r"", "Which keys does the dictionary hold? Print them."),
    _Entry(
        "attribute",
        "AttributeError",
        r"",
        "What type does the object before the dot have? Print it, and look at the spelling of what "
        "comes after.",
    ),
    _Entry(
        "memory",
        "MemoryError",
        r"",
        "Some array is much larger than it has to be. Print the shapes: do two axes of samples "
        "meet?",
    ),
)


def read_raised(kind: str, text: str) -> Finding | None:
    """Return a question about an exception, or None.

    Parameters
    ----------
    kind
        Name of its class, as the student's process says.
    text
        Its message, likewise.
    """
    for entry in _ENTRIES:
        found = re.search(entry.pattern, text[:500])
        if found and re.fullmatch(entry.kinds, kind):
            return Finding(f"raised-{entry.rule}", entry.sentence.format(*found.groups()))
    return None
