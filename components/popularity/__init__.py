"""Popularity: how often what every head learns came true in the past, by item and over all.

It is what a model must beat: the rate of an item that everybody is shown, and one constant rate.
"""
