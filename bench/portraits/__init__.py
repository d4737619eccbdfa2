"""How well the person is cut out, and whether portraits keep the standard."""
