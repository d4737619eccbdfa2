"""The center's tables of figures: photos by day, school and area, students by college."""
