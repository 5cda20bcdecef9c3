# The words of run.py, for those who have make: make lab, make test, make notebooks, ...
# PYTHON=python3.12 chooses the Python; ARGS="..." is what follows the word.

.PHONY: lab test notebooks site colab class links truth set-up constraints clean

lab test notebooks site colab class links truth set-up:
	@python3 run.py $@ $(if $(PYTHON),--python $(PYTHON)) $(ARGS)

constraints clean:
	@python3 run.py $@ $(ARGS)
