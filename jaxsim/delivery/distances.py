"""Distances from coordinates, in miles."""

import numpy as np
from jaxtyping import Float64

EARTH_RADIUS_MILES = 3958.8
"""Mean radius of the earth."""


def great_circle(
    latitude: Float64[np.ndarray, " places"], longitude: Float64[np.ndarray, " places"]
) -> Float64[np.ndarray, "places places"]:
    """Distances on a sphere between places in degrees, by the haversine formula."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    half_phi, half_lam = (np.sin((each[:, None] - each[None, :]) / 2.0) ** 2 for each in (phi, lam))
    chord = half_phi + np.cos(phi)[:, None] * np.cos(phi)[None, :] * half_lam
    return 2.0 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))


def euclidean(position: Float64[np.ndarray, "places 2"]) -> Float64[np.ndarray, "places places"]:
    """Distances on a plane."""
    apart = position[:, None] - position[None, :]
    return np.hypot(apart[..., 0], apart[..., 1])
