"""What every command uses: its context, the open store, output for people and programs."""
