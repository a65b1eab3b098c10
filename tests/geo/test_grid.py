"""H3 cells: the unit in which risk is told."""

import numpy as np
import pytest
import shapely

from geo import grid

SQUARE = shapely.box(112.40, 23.00, 112.46, 23.05)


def test_a_point_lies_inside_the_outline_of_its_cell():
    """Latitude and longitude swapped anywhere would break this."""
    (cell,) = grid.cell_of([112.43], [23.02], 8)
    assert shapely.Polygon(grid.cell_ring(cell)).contains(shapely.Point(112.43, 23.02))
    assert grid.cell_ring(cell)[0] == grid.cell_ring(cell)[-1]
    assert grid.resolution_of(cell) == 8


def test_an_unknown_point_has_no_cell():
    """Records without a point must not all fall into one place."""
    assert grid.cell_of([np.nan, 112.43], [23.0, 23.02], 8)[0] is None


def test_a_boundary_is_covered_without_gaps():
    """No dead corner: every point of the area lies in one of its cells."""
    cells = set(grid.cells_of_boundary(SQUARE, 8))
    rng = np.random.default_rng(3)
    points = rng.uniform(112.40, 112.46, 500), rng.uniform(23.00, 23.05, 500)
    assert set(grid.cell_of(*points, 8)) <= cells


def test_a_village_smaller_than_a_cell_still_has_one():
    """Covering by centres would leave it out."""
    assert len(grid.cells_of_boundary(shapely.box(112.4000, 23.0, 112.4001, 23.0001), 8)) >= 1


def test_an_empty_boundary_has_no_cells_and_a_line_is_refused():
    """An empty shape is data, a line is a mistake of the caller."""
    assert grid.cells_of_boundary(shapely.Polygon(), 8) == []
    with pytest.raises(ValueError, match="polygon"):
        grid.cells_of_boundary(shapely.LineString([(0, 0), (1, 1)]), 8)


def test_neighbours_form_rings_of_six_and_twelve():
    """Displacement and smoothing count on it."""
    (cell,) = grid.cell_of([112.43], [23.02], 8)
    assert len(grid.neighbours(cell)) == 6
    assert len(grid.neighbours(cell, n_rings=2)) == 18
    distances = grid.ring_distances(cell, n_rings=2)
    assert sorted(distances.values()) == [0] + [1] * 6 + [2] * 12


def test_the_neighbour_matrix_is_symmetric_without_diagonal():
    """A cell is not its own neighbour; islands have none."""
    cells = grid.cells_of_boundary(SQUARE, 8)
    far = grid.cell_of([120.0], [30.0], 8)[0]
    matrix = grid.neighbour_matrix([*cells, far])
    assert (matrix != matrix.T).nnz == 0
    assert matrix.diagonal().sum() == 0
    assert matrix.sum(axis=1).max() == 6
    assert matrix.sum(axis=1)[-1] == 0
    with pytest.raises(ValueError, match="twice"):
        grid.neighbour_matrix([far, far])


def test_counts_add_up_points_and_weights():
    """Unknown and foreign cells count nowhere."""
    cells = ["a", "b"]
    assert grid.counts_per_cell(["a", None, "z", "a"], cells).tolist() == [2, 0]
    assert grid.counts_per_cell(["a", "b"], cells, weights=[0.5, 2]).tolist() == [0.5, 2]


def test_seven_cells_share_the_parent_around_the_middle_one():
    """Blocks stand in for townships where no areas are loaded."""
    (block,) = grid.cell_of([112.43], [23.02], 7)
    (middle,) = grid.cell_of(*grid.cell_centre([block]), 8)
    family = [middle, *grid.neighbours(middle)]
    assert set(grid.parents_of(family, 7)) == {block}


def test_no_cells_have_no_centres():
    """An empty run must not fail."""
    assert [len(part) for part in grid.cell_centre([])] == [0, 0]


def test_areas_at_resolution_8_are_about_three_quarters_of_a_square_kilometre():
    """Densities are per km2."""
    assert grid.cell_area_km2(grid.cell_of([112.43], [23.02], 8))[0] == pytest.approx(0.74, rel=0.2)


def test_a_resolution_beyond_h3_is_refused():
    """A setting with a typing error must fail early."""
    with pytest.raises(ValueError, match="resolution"):
        grid.cell_of([112.0], [23.0], 16)
