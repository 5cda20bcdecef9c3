"""Settings of labs that are worth a visit, as they differ from the opening, by the number of the notebook.

Here goals are met that take long to find, and these trainings are recorded for the pages. A setting belongs
to every lab of the notebook and its Deeper that has such controls and stops.
"""

PLACES = {
    "00": [dict(rate=0.1, seeds=8), dict(rate=1.0, seeds=8), dict(seeds=8)],
    "02": [dict(rate=0.5), dict(rate=3.0), dict(rate=0.1, init=0.1)],
    "03": [dict(N=2, H=3, W=3), dict(same_seed=True), dict(plain_epochs=5, its_epochs=10),
           dict(layer="called", same_seed=True)],
    "04": [dict(gamma=2.0, beta=3.0), dict(gamma=-2.0, beta=3.0),
           dict(gamma=-2.5, beta=-1.0, target_is="another shape")],
    "06": [dict(norm="BatchNorm", layers=50, gain=3.0), dict(norm="BatchNorm", layers=24)],
    "07": [dict(hidden_1=0.5), dict(hidden_1=0.5, hidden_2=0.5)],
    "08": [dict(p=0.1), dict(p=0.8), dict(N=200), dict(steps=50)],
    "11": [dict(place="after the last ReLU"), dict(norm="LayerNorm"), dict(p=0.0, steps=1)],
}
