"""What the accelerator is compared with: other methods' work, on other machines."""
