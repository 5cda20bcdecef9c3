"""Settings of labs that are worth a visit, as they differ from the opening, by the number of the notebook.

Here goals are met that take long to find, and these trainings are recorded for the pages. A setting belongs
to every lab of the notebook and its Deeper that has such controls and stops.
"""

PLACES = {
    "00": [dict(rate=0.1, seeds=8), dict(rate=1.0, seeds=8), dict(rate=0.7, seeds=8)],
    "01": [dict(rate=7e-5), dict(range_of_x1=100, rate=0.00025),
           dict(range_of_x1=100, rate=1e-4, offset=88.0), dict(normalize=True, rate=0.3),
           dict(range_of_x1=100), dict(range_of_x1=100, rate=1e-4), dict(normalize=True)],
    "02": [dict(rate=0.2), dict(rate=0.4), dict(rate=10.0), dict(init=0.1), dict(init=2.0)],
    "03": [dict(N=1, W=6), dict(N=18, H=1, W=1), dict(C=6), dict(N=1, H=1, W=1),
           dict(epochs=5, same_seed=True), dict(second="our net", epochs=5, same_seed=True),
           dict(epochs=6, same_seed=True)],
    "04": [dict(gamma=2.0, beta=3.0), dict(gamma=-2.0, beta=3.0),
           dict(gamma=-2.5, beta=-1.0, target_is="another shape"), dict(gamma=1.0, beta=0.0),
           dict(gamma=1.0, beta=-1.0), dict(gamma=2.0, beta=-2.0)],
    "06": [dict(norm="BatchNorm", layers=50, gain=3.0)],
    "07": [dict(p=0.5, draw=20), dict(p=0.3, draw=100), dict(p=0.5, units=1000), dict(p=0.5, units=4)],
    "08": [dict(p=0.2), dict(p=0.8), dict(N=200), dict(steps=50), dict(p=0.5, noise=0.1),
           dict(p=0.2, noise=0.5), dict(width=20)],
    "10": [dict(contrast=0.15, brightness=0.0), dict(contrast=1.0, brightness=0.5),
           dict(contrast=0.05, brightness=0.75)],
    "11": [dict(place="after the last ReLU"), dict(norm="LayerNorm"), dict(p=0.0, steps=1)],
}
