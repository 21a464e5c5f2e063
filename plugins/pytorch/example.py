"""A plain training loop of PyTorch, recorded without a change: `python example.py`."""

import tempfile

import fitprint

fitprint.autolog()

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402


def main() -> float:
    torch.manual_seed(0)
    rows = torch.randn(240, 4)
    labels = (rows[:, 0] + rows[:, 1] > 0).long()
    training = DataLoader(TensorDataset(rows[:200], labels[:200]), batch_size=40, shuffle=True)
    validation = DataLoader(TensorDataset(rows[200:], labels[200:]), batch_size=40)

    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for inputs, target in training:
            optimizer.zero_grad()
            loss_of(model(inputs), target).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            for inputs, target in validation:
                loss = loss_of(model(inputs), target)
        with tempfile.TemporaryFile() as file:  # a checkpoint of each epoch: the run has the package of the last one
            torch.save({"epoch": epoch, "model": model.state_dict()}, file)
    return float(loss)


loss = main()
run = fitprint.last_run()
fitprint.disable()  # ends the loop, as the end of the program would

print(f"{len(run.metric_history('loss_step'))} steps, {len(run.metric_history('loss'))} epochs")
print("validation loss as the loop computed it:", abs(run.metrics["val_loss"] - loss) < 1e-6)
print("learning rates:", [round(value, 4) for _, value in run.metric_history("lr")])
print(fitprint.load_model(run.model_path).predict(torch.ones(1, 4).numpy()).argmax(axis=1).tolist())
