"""The website: pages, links, the film's route and the stage. See README.md for the map of its folders."""
