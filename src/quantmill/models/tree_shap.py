"""SHAP values of one decision tree."""

from typing import NamedTuple

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.compiled import compiled

__all__ = ["TreeArrays", "tree_shap"]


class TreeArrays(NamedTuple):
    """A tree as arrays of shape (n_nodes,), the root first.

    A leaf's `left` is -1. A row goes left when its value is at most the threshold, or is missing and
    `missing_left` says so. `cover` is the weight of the training rows that came through.
    """

    left: Ints
    right: Ints
    feature: Ints
    threshold: Floats
    missing_left: Bools
    value: Floats
    cover: Floats


def tree_shap(tree: TreeArrays, x: Floats) -> Floats:
    """What each feature adds to the tree's prediction of each row.

    Args:
        tree: The tree.
        x: Rows, shape (n_rows, n_features); a missing value is NaN.

    Returns:
        Shape (n_rows, n_features). A row's values sum to its prediction less the mean of the leaves by cover.
        Features that are left out take both ways, weighted by cover.

    Source:
        Lundberg, Erion, Lee (2018), "Consistent Individualized Feature Attribution for Tree Ensembles",
        arXiv:1802.03888, section 3; here leaf by leaf, with the subsets counted by the coefficients of one
        polynomial per path.
    """
    parent = np.full(tree.left.size, -1, dtype=np.int64)
    inner = np.flatnonzero(tree.left >= 0)
    parent[tree.left[inner]] = inner
    parent[tree.right[inner]] = inner
    values = np.zeros(x.shape)
    _add_leaves(*tree, parent, x, values)
    return values


@compiled
def _add_leaves(
    left: Ints,
    right: Ints,
    feature: Ints,
    threshold: Floats,
    missing_left: Bools,
    value: Floats,
    cover: Floats,
    parent: Ints,
    x: Floats,
    values_out: Floats,
) -> None:
    n_nodes = left.size
    goes_left = np.empty(n_nodes, dtype=np.bool_)
    on_path = np.empty(n_nodes, dtype=np.int64)
    one = np.empty(n_nodes)
    zero = np.empty(n_nodes)
    whole = np.empty(n_nodes + 1)
    for row in range(x.shape[0]):
        for node in range(n_nodes):
            if left[node] >= 0:
                seen = x[row, feature[node]]
                goes_left[node] = missing_left[node] if np.isnan(seen) else seen <= threshold[node]
        for leaf in range(n_nodes):
            if left[leaf] >= 0:
                continue
            # Features on the way to the leaf: whether the row goes this way, and the share of rows that do.
            n_features = 0
            node = leaf
            while parent[node] >= 0:
                above = parent[node]
                follows = 1.0 if goes_left[above] == (left[above] == node) else 0.0
                share = cover[node] / cover[above]
                at = 0
                while at < n_features and on_path[at] != feature[above]:
                    at += 1
                if at == n_features:
                    on_path[at] = feature[above]
                    one[at] = follows
                    zero[at] = share
                    n_features += 1
                else:
                    one[at] *= follows
                    zero[at] *= share
                node = above
            # Coefficient k: all subsets of k features that are known, the others going both ways.
            whole[0] = 1.0
            for at in range(n_features):
                whole[at + 1] = whole[at] * one[at]
                for k in range(at, 0, -1):
                    whole[k] = whole[k] * zero[at] + whole[k - 1] * one[at]
                whole[0] *= zero[at]
            for at in range(n_features):
                total = 0.0
                # Weight of a subset of k others among n - 1: k! (n - 1 - k)! / n!, from the largest k down.
                weight = 1.0 / n_features
                rest = 0.0
                for k in range(n_features - 1, -1, -1):
                    rest = whole[k + 1] - rest * zero[at] if one[at] > 0.0 else whole[k] / zero[at]
                    total += weight * rest
                    if k > 0:
                        weight *= (n_features - k) / k
                values_out[row, on_path[at]] += value[leaf] * (one[at] - zero[at]) * total
