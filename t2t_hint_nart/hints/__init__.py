"""The paper's two hints (section 2.2), and the teacher they come from."""
