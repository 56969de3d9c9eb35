"""Calibration of output checkers: made outputs with known leaks, and known safe ones, planted among ordinary
requests and told of right after the vote. Off unless a setting says otherwise."""
