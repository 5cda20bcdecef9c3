import pytest

from helpers.buttons import Again
from helpers.live import Lab


def title(fig):
    word = fig.add_subplot().text(0.5, 0.5, "", animated=True)

    def draw(again):
        word.set_text(f"{again}")
        return f"Draw {again}."
    return draw


def test_each_press_is_a_move_and_reset_goes_back_to_the_first():
    again = Again("Resample", 3)
    lab = Lab(lambda again: dict(again=again), title, (4, 3), {"the third": lambda at: at.again == 3}, dict(again=again))
    lab.move()
    seen = [lab.picture.alt]
    for _ in range(4):
        again.click()
        seen.append(lab.picture.alt)
    assert seen == ["Draw 1.", "Draw 2.", "Draw 3.", "Draw 1.", "Draw 2."]
    assert lab.found == {"the third": "again = 3"}
    lab.reset.click()
    assert lab.picture.alt == "Draw 1." and again.value == 1


@pytest.mark.parametrize("most", [1, 2.5, "3"])
def test_it_refuses_a_count_that_cannot_go_round(most):
    with pytest.raises(ValueError, match="expected a whole number, at least 2"): Again("Resample", most)
