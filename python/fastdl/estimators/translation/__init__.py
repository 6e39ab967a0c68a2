"""From one sequence to another: encoder, decoder with attention, search for answers."""
