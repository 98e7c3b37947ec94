from itertools import combinations
from math import factorial

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from quantmill.models.tree_shap import TreeArrays, tree_shap

# The root splits on feature 0; its left child on feature 1, its right one on feature 0 again.
TREE = TreeArrays(
    left=np.array([1, 3, 5, -1, -1, -1, -1]),
    right=np.array([2, 4, 6, -1, -1, -1, -1]),
    feature=np.array([0, 1, 0, -2, -2, -2, -2]),
    threshold=np.array([0.0, 0.5, 2.0, 0.0, 0.0, 0.0, 0.0]),
    missing_left=np.array([True, False, False, False, False, False, False]),
    value=np.array([0.0, 0.0, 0.0, 1.0, -2.0, 4.0, 10.0]),
    cover=np.array([100.0, 60.0, 40.0, 45.0, 15.0, 30.0, 10.0]),
)


def expected(tree: TreeArrays, row: np.ndarray, known: tuple[int, ...], node: int = 0) -> float:
    """Prediction when only the features in `known` are known."""
    if tree.left[node] < 0:
        return float(tree.value[node])
    left, right, feature = int(tree.left[node]), int(tree.right[node]), int(tree.feature[node])
    if feature in known:
        missing = np.isnan(row[feature])
        goes_left = tree.missing_left[node] if missing else row[feature] <= tree.threshold[node]
        return expected(tree, row, known, left if goes_left else right)
    share = tree.cover[left] / tree.cover[node]
    return share * expected(tree, row, known, left) + (1 - share) * expected(tree, row, known, right)


def shapley(tree: TreeArrays, row: np.ndarray) -> list[float]:
    """By the definition: all subsets of the other features."""
    n = row.size
    values = []
    for feature in range(n):
        others = [other for other in range(n) if other != feature]
        total = 0.0
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for known in combinations(others, size):
                with_it = expected(tree, row, (*known, feature))
                total += weight * (with_it - expected(tree, row, known))
        values.append(total)
    return values


def test_one_split_worked_by_hand() -> None:
    # A quarter of the rows has value 8, the rest 0: mean 2. A row on the right is 6 above, one on the left 2 below.
    stump = TreeArrays(
        np.array([1, -1, -1]),
        np.array([2, -1, -1]),
        np.array([1, -2, -2]),
        np.array([0.0, 0.0, 0.0]),
        np.array([True, False, False]),
        np.array([0.0, 0.0, 8.0]),
        np.array([4.0, 3.0, 1.0]),
    )

    values = tree_shap(stump, np.array([[5.0, 1.0], [5.0, -1.0], [5.0, np.nan]]))

    np.testing.assert_allclose(values, [[0.0, 6.0], [0.0, -2.0], [0.0, -2.0]])


def test_values_are_those_of_the_definition() -> None:
    rows = np.array(
        [[-1.0, 0.0, 9.0], [1.0, 0.7, 0.0], [3.0, 0.2, 0.0], [np.nan, 0.9, 1.0], [1.0, np.nan, 1.0]]
    )

    values = tree_shap(TREE, rows)

    np.testing.assert_allclose(values, [shapley(TREE, row) for row in rows], atol=1e-12)


def test_values_of_a_grown_tree_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 4)).astype(np.float32).astype(np.float64)
    y = x[:, 0] * x[:, 1] + x[:, 2]
    fitted = DecisionTreeRegressor(max_depth=6, random_state=0).fit(x, y)
    grown = fitted.tree_
    tree = TreeArrays(
        grown.children_left.astype(np.int64),
        grown.children_right.astype(np.int64),
        grown.feature.astype(np.int64),
        grown.threshold,
        grown.missing_go_to_left.astype(np.bool_),
        grown.value[:, 0, 0].copy(),
        grown.weighted_n_node_samples,
    )

    values = tree_shap(tree, x[:5])

    np.testing.assert_allclose(values, [shapley(tree, row) for row in x[:5]], atol=1e-12)
    np.testing.assert_allclose(values.sum(axis=1) + y.mean(), fitted.predict(x[:5]), atol=1e-9)
