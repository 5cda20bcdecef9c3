"""Three questions a notebook for a class to discuss after its core, which answers none of them outright."""

DISCUSS = {
    "00": ("A colleague shows one curve with BatchNorm that ends lower than one without. What do you ask "
           "for?",
           "Eight nets of eight agree. Does this hold for other data, other nets, another optimizer?",
           "When is a net that fails at a large learning rate a problem, and when is a smaller rate the "
           "answer?"),
    "01": ("Adam divides each gradient by its own size. Which part of this notebook does it make "
           "superfluous?",
           "You standardize with the statistics of the training set, and next year the data have moved. "
           "What now?",
           "A feature is 0 in 99 % of the rows. Should it be standardized like the others?"),
    "02": ("A service answers one request at a time. Which of the two modes can it use, and why?",
           "BatchNorm lets samples of a batch see each other. Where could this leak something it should not?",
           "At its own best rate the plain net needs more steps. What would you measure before you add a "
           "layer?"),
    "03": ("Pixels of one image are alike. How many numbers does a mean over N images of H x W pixels "
           "really see?",
           "A paper reports a gain from a layer. Which three numbers do you look for in its text?",
           "How would you find a layer that is built and never called, in code that is not yours?"),
    "04": ("BatchNorm takes mean and spread away, gamma and beta give them back. What then has changed?",
           "Weight decay is often left off gamma and beta. What speaks for that, what against?",
           "Which activation would make beta superfluous, and which makes it necessary?"),
    "05": ("Validation accuracy collapses, training accuracy is fine. In which order do you look, and why?",
           "You fine-tune on images of another camera. Should the running statistics move?",
           "Could a net be trained so that both modes give the same answers? What would it cost?"),
    "06": ("An explanation is plausible, widely taught, and a test speaks against it. What do you teach "
           "instead?",
           "Which experiment could still rescue the steady mean as an explanation?",
           "If the length of the weights is a learning rate, who sets it in your own training?"),
    "07": ("Two libraries use p with opposite meanings. How do you notice before the training is over?",
           "Is a spread of Monte Carlo dropout's answers an uncertainty? What would show that it is not?",
           "Accuracy hides some mistakes that log loss shows. Which of the two does your task need?"),
    "08": ("Stopping early did better than dropout here. When would you still prefer dropout?",
           "The truth was a straight line. Which truth would favour dropout over weight decay?",
           "Large models see each text once. What does this notebook say about dropout in them?"),
    "09": ("You try fifteen variants, and one wins. What do you report?",
           "Which numbers belong together in your own data, so that they should be dropped together?",
           "A method helps with wrong labels only. Is it a regularizer, or a remedy?"),
    "10": ("Why do language models normalize each token by itself, and image nets each channel over the "
           "batch?",
           "Instance norm removes contrast. In which task is contrast the answer?",
           "Your batch must be 2 for lack of memory. Which norm do you take, and what do you test first?"),
    "11": ("An architecture has both layers, and works. Would you take one out?",
           "Dropout did not pay here at all. How large must a net or how small a data set be for it to pay?",
           "Which other pairs of layers could disagree between training and use?"),
    "12": ("Accuracy hardly changes with each process's own statistics. When is synchronizing worth its "
           "price?",
           "One process has a shorter last batch. Which means are then wrong, and by how much?",
           "Which other layers of a net look at more than one sample, and need the same care?"),
    "13": ("The four scores read well, and the model fails in use. What have they not seen?",
           "Which of these faults could a test in your own project have caught, and at what price?",
           "A colleague repairs the symptom by leaving the model in train(). What do you answer?"),
}
